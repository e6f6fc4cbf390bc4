import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from neurop.physics.operators import gradient
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.cole_hopf import cole_hopf
from neurop.physics.solvers.convection import (
    burgers_symbol,
    kuramoto_sivashinsky_symbol,
    solve_convection,
)

TAU = 2 * math.pi


def waves(n: int, length: float = 1.0) -> torch.Tensor:
    """Return a smooth field of zero mean."""
    x = TAU * torch.arange(n, dtype=torch.float64) / n
    return (0.7 * torch.sin(x) + 0.4 * torch.cos(2 * x) - 0.3 * torch.sin(3 * x + 1))[None]


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def orders(errors: list[float]) -> list[float]:
    return [math.log2(a / b) for a, b in pairwise(errors)]


@pytest.mark.parametrize(
    ("viscosity", "n", "steps"), [(1e-1, 64, 200), (1e-2, 512, 800), (2e-3, 2560, 1600)]
)
def test_burgers_agrees_with_cole_and_hopf(viscosity: float, n: int, steps: int) -> None:
    numerical = solve_convection(
        waves(n), burgers_symbol(n, viscosity), 1.0, 0.5 / steps, steps, 1
    )[:, 1]
    exact = cole_hopf(waves(4096), viscosity, 0.5, 32, images=2)
    assert distance(numerical[:, :: n // 32], exact) < 1e-8
    assert distance(waves(32), exact) > 0.3


def test_a_random_field_agrees_with_cole_and_hopf() -> None:
    n, nu = 768, 1e-2
    u0 = random_field(range(3), (4096,), alpha=2.0, tau=5.0, sigma=25.0)
    start = random_field(range(3), (n,), alpha=2.0, tau=5.0, sigma=25.0)
    numerical = solve_convection(start, burgers_symbol(n, nu), 1.0, 1 / 1000, 1000, 1)[:, 1]
    assert distance(numerical[:, :: n // 32], cole_hopf(u0, nu, 1.0, 32)) < 1e-8


def test_cole_and_hopf_have_converged_and_know_the_travelling_shock() -> None:
    fine, coarse = (cole_hopf(waves(n), 1e-2, 0.3, 16, images=2) for n in (2048, 1024))
    torch.testing.assert_close(coarse, fine, rtol=0, atol=1e-12)
    # The sawtooth x/t of a long time, with its layer of thickness 4 nu t at the end of the period.
    nu, t = 2e-3, 3.0
    saw = cole_hopf(
        5 * torch.sin(TAU * torch.arange(2048, dtype=torch.float64) / 2048)[None],
        nu,
        t,
        32,
        images=16,
    )[0]
    x = torch.arange(32, dtype=torch.float64) / 32
    profile = x / t - torch.tanh((x - 0.5) / (4 * nu * t)) / (2 * t) - 1 / (2 * t)
    assert distance(saw, profile) < 0.05


def test_order_four_of_burgers() -> None:
    n, nu = 128, 2e-2
    runs = {
        m: solve_convection(waves(n), burgers_symbol(n, nu), 1.0, 0.3 / m, m, 1)[:, 1]
        for m in (40, 80, 160, 1280)
    }
    assert min(orders([distance(runs[m], runs[1280]) for m in (40, 80, 160)])) > 3.7


def test_burgers_keeps_the_mean_and_loses_energy_at_the_rate_of_viscosity() -> None:
    r"""Check :math:`d/dt \langle u^2 \rangle / 2 = -\nu \langle u_x^2 \rangle` by Simpson's rule
    over a frame.
    """
    n, nu, dt = 256, 1e-2, 0.005
    frames = solve_convection(waves(n) + 0.25, burgers_symbol(n, nu), 1.0, dt / 10, 10, 40)[0]
    torch.testing.assert_close(
        frames.mean(-1), torch.full((41,), 0.25, dtype=torch.float64), rtol=0, atol=1e-14
    )
    energy = 0.5 * frames.square().mean(-1)
    loss = nu * gradient(frames, [1.0])[:, 0].square().mean(-1)
    spent = dt / 3 * (loss[:-2] + 4 * loss[1:-1] + loss[2:])
    torch.testing.assert_close(energy[:-2] - energy[2:], spent, rtol=2e-4, atol=0)
    assert energy[-1] < 0.8 * energy[0]


@pytest.mark.parametrize(
    ("linear", "length"),
    [(burgers_symbol(128, 1e-2), 1.0), (kuramoto_sivashinsky_symbol(128, 22.0), 22.0)],
)
def test_galilean_symmetry(linear: torch.Tensor, length: float) -> None:
    """A constant c added to the start travels: u(x, t) becomes c + u(x - ct, t)."""
    n, c = 128, length / 2
    still = solve_convection(waves(n), linear, length, 0.001, 500, 1)[:, 1]
    moved = solve_convection(waves(n) + c, linear, length, 0.001, 500, 1)[:, 1]
    assert distance(moved - c, still.roll(n // 4, -1)) < 1e-7
    assert distance(moved - c, still) > 0.1


def test_small_waves_of_kuramoto_sivashinsky_grow_and_decay_as_they_should() -> None:
    n, length, time = 64, 40.0, 2.0
    modes = torch.arange(1, 13, dtype=torch.float64)
    x = torch.arange(n, dtype=torch.float64) / n
    start = 1e-9 * torch.cos(TAU * modes[:, None] * x)
    frames = solve_convection(start, kuramoto_sivashinsky_symbol(n, length), length, 0.05, 40, 1)
    factor = (
        torch.fft.rfft(frames[:, 1]).abs()[range(12), range(1, 13)]
        / torch.fft.rfft(start).abs()[range(12), range(1, 13)]
    )
    k = TAU * modes / length
    torch.testing.assert_close(factor.log(), time * (k**2 - k**4), rtol=1e-8, atol=1e-8)
    assert factor.max() > 1.5
    assert factor.min() < 1e-3


def test_order_four_of_kuramoto_sivashinsky_and_its_mean() -> None:
    n, length = 64, 22.0
    start = solve_convection(
        2 * waves(n), kuramoto_sivashinsky_symbol(n, length), length, 0.01, 2000, 1
    )[:, 1]
    runs = {
        m: solve_convection(start, kuramoto_sivashinsky_symbol(n, length), length, 2.0 / m, m, 1)[
            :, 1
        ]
        for m in (80, 160, 320, 2560)
    }
    assert min(orders([distance(runs[m], runs[2560]) for m in (80, 160, 320)])) > 3.5
    assert abs(float(runs[80].mean())) < 1e-14
    assert 0.5 < float(start.std()) < 3


def test_kuramoto_sivashinsky_agrees_with_finite_differences() -> None:
    """Central differences of second order and an implicit integrator, which share nothing with
    ours but the equation.
    """
    length, time = 22.0, 3.0

    def differences(n: int) -> np.ndarray:
        h = length / n
        eye = np.eye(n)
        shift = {j: np.roll(eye, j, axis=1) for j in (-2, -1, 1, 2)}
        first = (shift[1] - shift[-1]) / (2 * h)
        second = (shift[1] - 2 * eye + shift[-1]) / h**2
        linear = -second - second @ second

        def change(_: float, u: np.ndarray) -> np.ndarray:
            return linear @ u - first @ (u * u / 2)

        solution = solve_ivp(
            change,
            (0, time),
            waves(n)[0].numpy(),
            "BDF",
            rtol=1e-8,
            atol=1e-10,
            jac=lambda _, u: linear - first * u[None, :],
        )
        return np.asarray(solution.y[:, -1])

    ours = solve_convection(
        waves(128), kuramoto_sivashinsky_symbol(128, length), length, 0.01, 300, 1
    )[0, 1]
    runs = [torch.from_numpy(differences(n))[:: n // 32] for n in (64, 128)]
    errors = [distance(run, ours[::4]) for run in runs]
    # The limit of second order, by extrapolation, is closer than either.
    assert orders(errors)[0] == pytest.approx(2.0, abs=0.15)
    assert distance((4 * runs[1] - runs[0]) / 3, ours[::4]) < 0.1 * errors[1] < 0.01


def test_four_points_per_unit_of_length_resolve_the_attractor() -> None:
    length, start = 22.0, 2 * waves(88)
    fine = torch.fft.irfft(torch.fft.rfft(start, norm="forward"), n=176, norm="forward")
    runs = [
        solve_convection(
            u, kuramoto_sivashinsky_symbol(n, length), length, 0.02, 1500, 1, points=44
        )[:, 1]
        for n, u in ((88, start), (176, fine))
    ]
    assert distance(runs[0], runs[1]) < 1e-7
    assert runs[0].std() > 0.5


def test_frames_are_truncations_of_one_solution() -> None:
    n = 96
    full = solve_convection(waves(n), burgers_symbol(n, 2e-2), 1.0, 0.01, 10, 2)
    for points in (24, 192):
        other = solve_convection(waves(n), burgers_symbol(n, 2e-2), 1.0, 0.01, 10, 2, points=points)
        assert other.shape == (1, 3, points)
        assert (
            distance(
                torch.fft.rfft(other, norm="forward")[..., :12],
                torch.fft.rfft(full, norm="forward")[..., :12],
            )
            < 1e-14
        )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_a_batch_is_its_samples_in_either_precision(dtype: torch.dtype, tolerance: float) -> None:
    start = torch.cat([waves(128), 0.5 * waves(128).roll(3, -1)])
    exact = torch.cat(
        [solve_convection(u[None], burgers_symbol(128, 2e-2), 1.0, 0.002, 100, 1) for u in start]
    )
    found = solve_convection(start.to(dtype), burgers_symbol(128, 2e-2), 1.0, 0.002, 100, 1)
    assert found.dtype == dtype
    assert distance(found.double(), exact) < tolerance
