import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.physics.solvers.difficulties import (
    Difficulties,
    derivative_symbol,
    quadratic_terms,
    solve_difficulties,
)

TAU = 2 * math.pi
N = 48
KDV = Difficulties((0.0, 0.0, 0.0, -14.0, -9.0), (0.0, -2.0, 0.0))
KS = Difficulties((0.0, 0.0, -1.2, 0.0, -15.0), (0.0, 0.0, -6.0))
BURGERS = Difficulties((0.0, 0.0, 1.5), (0.0, -1.5, 0.0))
FISHER = Difficulties((0.02, 0.0, 0.2), (-0.02, 0.0, 0.0))


def waves(points: int = N) -> torch.Tensor:
    x = torch.arange(points, dtype=torch.float64) / points
    u = (TAU * x).sin() + 0.5 * (2 * TAU * x + 1).cos() - 0.3 * (3 * TAU * x + 2).sin()
    return (u / u.abs().max())[None]


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_coefficients_by_hand() -> None:
    """At 160 points: 160^2 = 25600, 160^3 = 4096000, 160^4 = 655360000."""
    assert Difficulties((0.02, -4.0, 4.0, -14.0, -9.0)).linear_coefficients(160) == (
        0.02,
        -0.025,
        4 / 51200,
        -14 / 16384000,
        -9 / 5242880000,
    )
    found = Difficulties((), (-0.02, -1.5, -6.0)).nonlinear_coefficients(160)
    assert found == (-0.02, -0.009375, -6 / 25600)


@pytest.mark.parametrize(("order", "gamma"), [(0, -0.1), (1, -4.0), (2, 4.0), (3, 4.0), (4, -4.0)])
def test_a_linear_step_is_the_exact_wave(order: int, gamma: float) -> None:
    """A wave of number k has the factor exp(a (2 pi i k)^j t)."""
    difficulties = Difficulties((0.0,) * order + (gamma,))
    a = difficulties.linear_coefficients(N)[order]
    x = np.arange(N) / N
    start = torch.from_numpy(np.cos(3 * TAU * x) + np.sin(5 * TAU * x))
    frames = solve_difficulties(start[None], difficulties, 7)[0]
    for t in (0, 1, 7):
        three, five = (np.exp(a * (1j * TAU * k) ** order * t) for k in (3, 5))
        exact = (three * np.exp(3j * TAU * x)).real + (five * np.exp(5j * TAU * x)).imag
        np.testing.assert_allclose(frames[t].numpy(), exact, atol=1e-13)
    assert order == 0 or abs(np.exp(7 * a * (3j * TAU) ** order) - 1) > 1e-3


def test_odd_derivatives_of_the_nyquist_mode_are_zero() -> None:
    symbol = derivative_symbol(8, (0.0, 1.0, 1.0))
    assert symbol[4] == pytest.approx(-((TAU * 4) ** 2))
    assert derivative_symbol(9, (0.0, 1.0))[4] == pytest.approx(1j * TAU * 4)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_terms_by_hand(place: int) -> None:
    """For u = sin(2 pi 3 x): u^2 = (1 - cos 12 pi x)/2, of which the others are derivatives."""
    x = torch.arange(N, dtype=torch.float64) / N
    twice = 6 * TAU * x
    exact = (
        0.5 - 0.5 * twice.cos(),
        0.5 * 3 * TAU * twice.sin(),
        0.25 * (3 * TAU) ** 2 * twice.cos(),
    )[place]
    factors = [0.0, 0.0, 0.0]
    factors[place] = 2.0
    state = torch.fft.rfft((3 * TAU * x).sin(), norm="forward")
    found = torch.fft.irfft(quadratic_terms(N, factors)(state), n=N, norm="forward")
    torch.testing.assert_close(found, 2.0 * exact, rtol=1e-12, atol=1e-10)


def test_products_are_free_of_aliases_below_the_cut_and_kept_beyond_it_on_request() -> None:
    """At 48 points modes up to 15 are multiplied. Their products, up to 30, fold from 18 on."""
    state = torch.zeros(25, dtype=torch.complex128)
    state[10:17] = 0.5
    cut, kept = (
        quadratic_terms(N, (1.0, -1.0, 1.0), keep_products=keep)(state) for keep in (False, True)
    )
    low = torch.where(torch.arange(25) <= 15, state, 0)
    fine = torch.zeros(49, dtype=torch.complex128)
    fine[:25] = low
    exact = quadratic_terms(96, (1.0, -1.0, 1.0))(fine)
    torch.testing.assert_close(cut[:16], exact[:16], rtol=1e-12, atol=1e-10)
    torch.testing.assert_close(kept[:16], exact[:16], rtol=1e-12, atol=1e-10)
    assert float(cut[16:].abs().max()) == 0
    assert float(kept[18:24].abs().min()) > 1e-2


@pytest.mark.parametrize("equation", [KDV, KS, BURGERS, FISHER])
def test_order_two(equation: Difficulties) -> None:
    fine = solve_difficulties(waves(), equation, 1, substeps=640)[:, 1]
    errors = [
        distance(solve_difficulties(waves(), equation, 1, substeps=m)[:, 1], fine)
        for m in (10, 20, 40)
    ]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert 1.9 < min(orders) < max(orders) < 2.15, (errors, orders)


def test_real_weights_have_order_one_if_l_is_complex_and_change_nothing_otherwise() -> None:
    fine = solve_difficulties(waves(), KDV, 1, substeps=640)[:, 1]
    errors = [
        distance(solve_difficulties(waves(), KDV, 1, substeps=m, real_weights=True)[:, 1], fine)
        for m in (10, 20, 40)
    ]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert 0.9 < min(orders) < max(orders) < 1.15, (errors, orders)
    real, whole = (solve_difficulties(waves(), KS, 3, real_weights=w) for w in (True, False))
    torch.testing.assert_close(real, whole, rtol=0, atol=1e-14)


def test_invariants() -> None:
    """Mean of all without reaction; energy of Burgers falls, that of pure KdV is conserved."""
    start = 0.2 + 0.5 * waves()
    for equation in (KDV, KS, BURGERS):
        means = solve_difficulties(start, equation, 20).mean(-1)
        torch.testing.assert_close(means, torch.full_like(means, float(start.mean())))
    energy = solve_difficulties(start, BURGERS, 20).square().mean(-1)
    assert bool((energy.diff() < 0).all())
    pure = Difficulties((0.0, 0.0, 0.0, -14.0), (0.0, -2.0, 0.0))
    energy = solve_difficulties(start, pure, 3, substeps=200).square().mean(-1)
    torch.testing.assert_close(
        energy, torch.full_like(energy, float(energy[0, 0])), rtol=1e-5, atol=0
    )


def test_the_logistic_equation_of_a_constant() -> None:
    """Solve u' = 0.5 u - 0.5 u^2 from 0.1: u = 1/(1 + 9 exp(-t/2))."""
    equation = Difficulties((0.5, 0.0, 0.2), (-0.5, 0.0, 0.0))
    start = torch.full((1, 16), 0.1, dtype=torch.float64)
    frames = solve_difficulties(start, equation, 4, substeps=400)
    exact = 1 / (1 + 9 * math.exp(-2.0))
    torch.testing.assert_close(frames[0, 4], torch.full_like(start[0], exact), rtol=1e-6, atol=0)


def test_the_warmup_is_frames_before_the_first() -> None:
    late, whole = solve_difficulties(waves(), KS, 2, warmup=3), solve_difficulties(waves(), KS, 5)
    torch.testing.assert_close(late, whole[:, 3:], rtol=0, atol=1e-13)


def test_a_batch_is_its_samples() -> None:
    start = torch.cat([waves(), 0.5 * waves()])
    whole = solve_difficulties(start, KDV, 5)
    alone = torch.cat([solve_difficulties(part[None], KDV, 5) for part in start])
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-13)


def test_unusable_input_is_one_line() -> None:
    with raises_input("nonlinear", (0.0, 1.0), "three numbers"):
        Difficulties((), (0.0, 1.0))  # type: ignore[arg-type]
    with raises_input("linear", (0.0, math.inf), "finite"):
        Difficulties((0.0, math.inf))
    with raises_input("steps", 0, "1 or more"):
        solve_difficulties(waves(), KDV, 0)
    with raises_input("start", "torch.float32", "float64"):
        solve_difficulties(waves().float(), KDV, 1)
