"""Chebyshev polynomials: exact on polynomials, exponentially convergent on analytic functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import chebyshev
from raising import raises_input
from scipy import fft, special
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv
from neurop.spectral import Chebyshev, analyze, resample, synthesize
from neurop.spectral.matrices import synthesis_matrix

TIMES = Axis("t", "open", start=1.0, length=-3.0, layout="chebyshev")
POINTS = np.linspace(0, 1, 401)
SIZES = [2, 3, 4, 7, 16, 33, 100]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def analysis(f: Tensor, m: int, n: int) -> Tensor:
    return analyze(f.view(1, n, -1), [Chebyshev(m)], [m], [TIMES])[0]


def field(domain: Grid, shape: tuple[int, ...], seed: int = 0, degrees: int = 5) -> Tensor:
    """Return a random polynomial of t times waves of x, both of few modes, on a grid."""
    x, y = np.meshgrid(*(a.points(n) for a, n in zip(domain.axes, shape)), indexing="ij")
    return at(x, y, seed, degrees)


def at(t: np.ndarray, x: np.ndarray, seed: int = 0, degrees: int = 5) -> Tensor:
    a = np.random.default_rng(seed).standard_normal((2, degrees))
    even, odd = (chebyshev.chebval(2 * t - 1, c) for c in a)
    return torch.from_numpy(even + odd * np.cos(2 * np.pi * (2 * x - 0.1)))


@pytest.mark.parametrize("n", SIZES)
def test_synthesis_inverts_analysis_on_the_points(n: int) -> None:
    f = random(2, n, 3)
    c = analyze(f, [Chebyshev(n)], [n], [TIMES])
    back = synthesize(c, [Chebyshev(n)], [n], [TIMES], [n])
    torch.testing.assert_close(back, f, atol=1e-12, rtol=0)
    for m in {1, n // 2 + 1, n}:
        c = random(2, m, 3, seed=1)
        values = synthesize(c, [Chebyshev(m)], [m], [TIMES], [n])
        again = analyze(values, [Chebyshev(m)], [m], [TIMES])
        torch.testing.assert_close(again, c, atol=1e-12, rtol=0)


@pytest.mark.parametrize("n", SIZES)
def test_coefficients_are_those_of_the_cosine_transform(n: int) -> None:
    f = random(n, 2)
    expected = fft.dct(f.numpy()[::-1], 1, axis=0) / (
        2 * (n - 1)
    )  # from x = 1, where the angle is 0
    expected[-1] /= 2
    torch.testing.assert_close(analysis(f, n, n), torch.from_numpy(expected), atol=1e-13, rtol=0)


@pytest.mark.parametrize("n", SIZES)
def test_polynomials_are_exact_anywhere(n: int) -> None:
    degrees = np.arange(n)
    for values in (
        lambda x: np.cos(degrees * np.arccos(np.clip(2 * x[:, None] - 1, -1, 1))),
        lambda x: x[:, None] ** degrees,
    ):
        c = analysis(torch.from_numpy(values(TIMES.points(n))), n, n)
        got = synthesize(c[None], [Chebyshev(n)], [n], [TIMES], torch.from_numpy(POINTS)[:, None])
        np.testing.assert_allclose(got[0], values(POINTS), atol=1e-12)
    norms = torch.from_numpy(Chebyshev(n).norms())[:, None]
    c = analysis(torch.from_numpy(Chebyshev(n).functions(TIMES.points(n))), n, n)
    torch.testing.assert_close(norms * c, torch.eye(n, dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("layout", ["left", "ends", "cells", "gauss"])
def test_polynomials_are_synthesised_on_every_layout(layout: str) -> None:
    axis, c = Axis("t", "open", layout=layout), random(6)
    values = synthesis_matrix(Chebyshev(6), 6, axis, 11, torch.float64, c.device) @ c
    expected = chebyshev.chebval(2 * axis.points(11) - 1, c.numpy() * Chebyshev(6).norms())
    np.testing.assert_allclose(values, expected, atol=1e-13)


@pytest.mark.parametrize("layout", ["left", "ends", "cells", "gauss"])
def test_coefficients_need_chebyshev_points(layout: str) -> None:
    with raises_input("layout", layout, "t: .*'chebyshev'"):
        analyze(random(1, 9, 1), [Chebyshev(3)], [3], [Axis("t", "open", layout=layout)])


@pytest.mark.parametrize("n", [2, 3, 8, 17, 33])
def test_derivatives_of_powers_are_exact(n: int) -> None:
    basis, x = Chebyshev(n), TIMES.points(n)
    powers, k = x[:, None] ** np.arange(n), np.arange(n)
    expected = k * x[:, None] ** np.maximum(k - 1, 0)
    np.testing.assert_allclose(basis.collocation_derivative() @ powers, expected, atol=1e-11)
    c = analysis(torch.from_numpy(powers), n, n).numpy()
    derived = analysis(torch.from_numpy(expected), n, n).numpy()
    np.testing.assert_allclose(basis.derivative_matrix() @ c, derived, atol=1e-12)
    plain = chebyshev.chebder(basis.norms() * c[:, -1])  # in 2 x - 1
    np.testing.assert_allclose(
        (basis.norms() * (basis.derivative_matrix() @ c[:, -1]))[:-1], 2 * plain, atol=1e-12
    )


def test_a_second_derivative_is_the_square_and_falls_to_rounding() -> None:
    basis, x = Chebyshev(20), TIMES.points(20)
    twice = np.linalg.matrix_power(basis.collocation_derivative(), 2) @ np.sin(3 * x)
    np.testing.assert_allclose(twice, -9 * np.sin(3 * x), atol=1e-9)


def interpolation_error(f: Callable[[np.ndarray], np.ndarray], n: int) -> float:
    """Return the largest error of the polynomial through n points."""
    u = torch.from_numpy(f(TIMES.points(n)))
    got = resample(u, Grid((TIMES,)), torch.from_numpy(POINTS)[:, None])
    return float(np.abs(got.numpy() - f(POINTS)).max())


@pytest.mark.parametrize("n", range(3, 12))
def test_the_error_of_the_exponential_falls_as_its_coefficients(n: int) -> None:
    """Every term beyond degree n - 1 counts at most twice: itself and its alias."""
    coefficients = 2 * math.exp(0.5) * special.iv(np.arange(n, n + 20), 0.5)
    assert 0.5 < interpolation_error(np.exp, n) / coefficients.sum() < 2
    assert n < 11 or coefficients.sum() < 1e-13


def test_the_error_of_a_function_with_poles_falls_with_the_ellipse_through_them() -> None:
    sizes = np.arange(20, 161, 10)
    errors = [interpolation_error(lambda x: 1 / (1 + 25 * (2 * x - 1) ** 2), n) for n in sizes]
    slope = np.polyfit(sizes, np.log(errors), 1)[0]
    assert slope == pytest.approx(-math.log((1 + math.sqrt(26)) / 5), rel=0.02)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(5, 40), m=st.integers(5, 60), seed=st.integers(0, 99))
def test_fields_of_few_modes_are_carried_exactly(n: int, m: int, seed: int) -> None:
    domain = Grid((TIMES, Axis("x")))
    there = resample(field(domain, (n, 7), seed), domain, (m, 12))
    assert (there - field(domain, (m, 12), seed)).abs().max() < 1e-12
    assert (resample(there, domain, (n, 7)) - field(domain, (n, 7), seed)).abs().max() < 1e-12


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 20), m=st.integers(2, 20), seed=st.integers(0, 99))
def test_a_band_is_a_projection_on_the_polynomials_of_its_size(n: int, m: int, seed: int) -> None:
    domain, x = Grid((TIMES,)), random(n, seed=seed)
    once = resample(x, domain, (n,), band=(m,))
    assert (resample(once, domain, (n,), band=(m,)) - once).abs().max() < 1e-12
    c = analysis(once, n, n)
    assert c[m:].abs().max() < 1e-13 if m < n else (once - x).abs().max() < 1e-12


@pytest.mark.parametrize("layout", ["left", "ends", "cells"])
def test_a_uniform_grid_is_reached_exactly(layout: str) -> None:
    domain, uniform = Grid((TIMES, Axis("x"))), Grid((Axis("t", "open", layout=layout), Axis("x")))
    t, x = (torch.from_numpy(a.points(n)) for a, n in zip(uniform.axes, (31, 9)))
    got = resample(field(domain, (6, 8)), domain, torch.cartesian_prod(t, x)).view(31, 9)
    torch.testing.assert_close(got, field(uniform, (31, 9)), atol=1e-12, rtol=0)


def test_single_precision_loses_rounding_alone() -> None:
    domain, x = Grid((TIMES, Axis("x"))), random(65, 64)
    # Places are rounded, too, where a polynomial of degree 64 is steep.
    scattered = torch.rand(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for to, bound in (((129, 80), 2e-6), ((40, 48), 2e-6), (scattered, 2e-5)):
        gap = resample(x.float(), domain, to).double() - resample(x, domain, to)
        assert 0 < gap.abs().max() < bound * x.abs().max()


def test_gradients_are_exact() -> None:
    domain = Grid((TIMES, Axis("x")))
    x = random(5, 6).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: resample(z, domain, (4, 7), band=(6, 5)), x)


@pytest.mark.parametrize("order", [1, -1])
def test_a_layer_multiplies_the_coefficients_of_each_mode(order: int) -> None:
    """Of polynomials by their own matrix, of waves by a complex one, in either order of axes."""
    domain = Grid((TIMES, Axis("x"))[::order])
    conv = SpectralConv(2, 3, (4, 3)[::order], domain).double()
    assert conv.weight.shape == (4, 3, 2, 2, 3)
    c = random(2, 4, 5, 2)  # polynomials x (1, cos, cos, sin, sin)
    z = torch.complex(c[:, :, :3], -torch.nn.functional.pad(c[:, :, 3:], (0, 0, 1, 0)))
    weight = torch.complex(conv.weight[:, :, :, 0], conv.weight[:, :, :, 1])
    mixed = torch.einsum("bkli,klio->bklo", z, weight)
    expected = torch.cat([mixed.real, -mixed.imag[:, :, 1:]], 2)
    turn = (lambda v: v) if order == 1 else (lambda v: v.transpose(1, 2))
    x, y = (
        synthesize(turn(v), conv.bases, conv.modes, domain.axes, (9, 8)[::order])
        for v in (c, expected)
    )
    torch.testing.assert_close(conv(x.movedim(-1, 1)), y.movedim(-1, 1), atol=1e-12, rtol=0)
    # Fewer polynomials and waves, as a coarse grid resolves them.
    few = (3, 4)[::order]
    y = synthesize(turn(expected[:, :3, [0, 1, 3]]), conv.bases, (3, 2)[::order], domain.axes, few)
    z[:, 3:], z[:, :, 2:] = 0, 0
    low = torch.cat([z.real, -z.imag[:, :, 1:]], 2)
    x = synthesize(turn(low), conv.bases, conv.modes, domain.axes, few)
    torch.testing.assert_close(conv(x.movedim(-1, 1)), y.movedim(-1, 1), atol=1e-12, rtol=0)


def test_a_layer_of_polynomials_alone_is_real() -> None:
    conv = SpectralConv(2, 3, (4,), Grid((TIMES,))).double()
    c = random(5, 4, 2)
    x = synthesize(c, conv.bases, (4,), [TIMES], (6,)).movedim(-1, 1)
    mixed = torch.einsum("bki,kio->bko", c, conv.weight)
    y = synthesize(mixed, conv.bases, (4,), [TIMES], (11,)).movedim(-1, 1)
    torch.testing.assert_close(conv(x, grid=(11,)), y, atol=1e-12, rtol=0)
