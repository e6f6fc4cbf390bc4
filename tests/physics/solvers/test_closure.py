"""The vorticity solver with a closure: exact decay, order, energy, gradients."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch

from neurop.physics.invariants import energy, enstrophy
from neurop.physics.les.smagorinsky import Smagorinsky
from neurop.physics.les.strain import magnitude, strain_rate
from neurop.physics.les.subfilter import filter_width, sharp_filter
from neurop.physics.operators import laplacian_symbol
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.vorticity import solve_vorticity, stable_rate

TAU = 2 * math.pi
STILL = {n: torch.zeros(n, n, dtype=torch.float64) for n in (16, 24, 32)}


def flow(n: int, samples: int = 1, amplitude: float = 80.0) -> torch.Tensor:
    w = random_field(range(samples), (n, n), alpha=2.5, tau=7.0, sigma=amplitude)
    return sharp_filter(w, (n, n))


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def closure(
    n: int, constant: float | torch.Tensor, dtype: torch.dtype = torch.float64
) -> Callable[[torch.Tensor], torch.Tensor]:
    return Smagorinsky(constant, filter_width((n, n))).on((n, n), dtype)


def test_taylor_green_decays_by_both_viscosities() -> None:
    """A closure that is a constant viscosity adds to that of the equation."""
    n, nu, more = 24, 2e-3, 3e-3
    x = torch.arange(n, dtype=torch.float64) / n
    w = torch.cos(TAU * x)[:, None] * torch.cos(TAU * x)
    symbol = more * laplacian_symbol((n, n), (1.0, 1.0))
    frames = solve_vorticity(w[None], STILL[n], nu, 0.05, 20, 1, closure=lambda hat: symbol * hat)
    exact = w * math.exp(-2 * (nu + more) * TAU**2)
    assert distance(frames[0, 1], exact) < 1e-7


def test_a_constant_of_zero_is_no_closure() -> None:
    w = flow(24, 2)
    with_it, without = (
        solve_vorticity(w, STILL[24], 1e-3, 0.02, 10, 3, closure=one)
        for one in (closure(24, 0.0), None)
    )
    assert torch.equal(with_it, without)


def test_order_four_in_time() -> None:
    n, w = 24, flow(24)
    term = closure(n, 0.2)
    runs = {
        m: solve_vorticity(w, STILL[n], 1e-4, 0.5 / m, m, 1, closure=term)[:, 1]
        for m in (15, 30, 60, 240)
    }
    without = solve_vorticity(w, STILL[n], 1e-4, 0.5 / 60, 60, 1)[:, 1]
    assert distance(without, runs[240]) > 1e-2
    errors = [distance(runs[m], runs[240]) for m in (15, 30, 60)]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert min(orders) > 3.7, (errors, orders)


@pytest.mark.parametrize("constant", [0.05, 0.2])
def test_energy_never_grows_and_falls_at_the_rate_of_the_strain(constant: float) -> None:
    r"""Check :math:`-dE/dt = 2\nu Z + (C_s\Delta)^2\langle|S|^3\rangle` by Simpson's rule."""
    n, nu, dt = 32, 1e-5, 0.01
    w = flow(n, 3, 200.0)
    frames = solve_vorticity(w, STILL[n], nu, dt / 4, 4, 30, closure=closure(n, constant))
    kept = energy(frames)
    assert bool((kept.diff(dim=1) < 0).all())
    cube = magnitude(strain_rate(frames)).pow(3).mean((-2, -1))
    loss = 2 * nu * enstrophy(frames) + (constant * filter_width((n, n))) ** 2 * cube
    spent = dt / 3 * (loss[:, :-2:2] + 4 * loss[:, 1:-1:2] + loss[:, 2::2])
    torch.testing.assert_close(kept[:, :-2:2] - kept[:, 2::2], spent, rtol=1e-4, atol=0)


def test_the_advised_steps_are_stable_for_the_shortest_waves() -> None:
    """A wave with the largest wavenumbers and a small disturbance decay; with a sixth of the
    steps they grow.
    """
    n, constant = 16, 1.0
    x = torch.arange(n, dtype=torch.float64) / n
    w = (TAU * 5 * (x[:, None] + x)).sin()[None] + 0.01 * flow(n)
    strain = float(magnitude(strain_rate(w)).max())
    rate = stable_rate(n, 0.5, 1e-4) + 2 * (math.pi * constant) ** 2 * strain
    term = closure(n, constant)
    enough, few = (
        energy(solve_vorticity(w, STILL[n], 1e-4, factor / rate, 1, 6, closure=term))[0]
        for factor in (1, 6)
    )
    assert bool((enough.diff() < 0).all())
    assert few[1] > 10 * few[0]


def test_single_precision() -> None:
    n, w = 24, flow(24)
    double = solve_vorticity(w, STILL[n], 1e-4, 0.02, 50, 1, closure=closure(n, 0.2))[:, 1]
    term = closure(n, 0.2, torch.float32)
    single = solve_vorticity(w.float(), STILL[n].float(), 1e-4, 0.02, 50, 1, closure=term)[:, 1]
    assert single.dtype == torch.float32
    assert distance(single.double(), double) < 1e-5


def test_the_gradient_of_the_constant_through_the_solver_is_that_of_differences() -> None:
    n, w = 16, flow(16)

    def lost(constant: torch.Tensor) -> torch.Tensor:
        frames = solve_vorticity(w, STILL[n], 1e-4, 0.02, 10, 1, closure=closure(n, constant))
        return enstrophy(frames[:, 1]).sum()

    constant = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(lost(constant), constant)
    step = 1e-4
    with torch.no_grad():
        difference = (lost(constant + step) - lost(constant - step)) / (2 * step)
    assert float(slope) == pytest.approx(float(difference), rel=1e-6)
    assert float(slope) < 0
