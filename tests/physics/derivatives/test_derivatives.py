"""One function differentiated by Fourier series, differences, automatically and in weak form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.derivatives import differences, fourier
from neurop.physics.derivatives.autograd import Autograd
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.derivatives.weak import WeakForm

SPACE_TIME = Grid((Axis("x", length=2.0), Axis("t", "open", 0.5, 1.5, layout="ends")))


def points(grid: Grid, shape: tuple[int, ...]) -> list[Tensor]:
    made = [torch.as_tensor(x) for x in grid.coordinates(shape).values()]
    return list(torch.meshgrid(*made, indexing="ij"))


def wave(x: Tensor, t: Tensor) -> Tensor:
    return torch.sin(math.pi * x - 0.7 * t) * torch.exp(-0.3 * t)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [16, 17])
@pytest.mark.parametrize("length", [2.0, -2.0])
def test_fourier_is_exact_below_the_nyquist_frequency(order: int, n: int, length: float) -> None:
    x = length * torch.arange(n, dtype=torch.float64) / n
    k = 2 * math.pi * 3 / length
    found = fourier.differentiate(torch.sin(k * x + 0.4), 0, order, length)
    assert torch.allclose(found, k**order * torch.sin(k * x + 0.4 + order * math.pi / 2))


@given(st.integers(1, 4), st.sampled_from([2, 4, 6]), st.integers(0, 100))
def test_differences_are_exact_for_polynomials(order: int, accuracy: int, seed: int) -> None:
    degree = order + accuracy - 1
    poly = np.polynomial.Polynomial(np.random.default_rng(seed).normal(size=degree + 1))
    x = np.linspace(0, 1, 14)
    matrix = differences.difference_matrix(14, order, accuracy, x[1], periodic=False)
    exact = poly.deriv(order)(x)
    assert np.allclose(matrix @ poly(x), exact, rtol=1e-7, atol=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize("accuracy", [2, 4, 6])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_the_order_of_differences(accuracy: int, order: int, boundary: str) -> None:
    layout = "left" if boundary == "periodic" else "ends"
    grid = Grid((Axis("x", boundary, length=2.0, layout=layout),))
    d = GridDerivatives(grid, accuracy, spectral=False)
    errors = []
    for n in (40, 80):
        (x,) = points(grid, (n if boundary == "periodic" else n + 1,))
        exact = math.pi**order * torch.sin(math.pi * x + 0.4 + order * math.pi / 2)
        found = d(torch.sin(math.pi * x + 0.4), *["x"] * order)
        errors.append(float((found - exact).abs().max()))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(accuracy, abs=0.5)


def test_a_mixed_derivative_is_that_of_automatic_differentiation() -> None:
    x, t = (at.clone().requires_grad_() for at in points(SPACE_TIME, (24, 61)))
    exact = Autograd({"x": x, "t": t})(wave(x, t), "x", "x", "t").detach()
    found = GridDerivatives(SPACE_TIME, accuracy=6)(wave(x, t).detach(), "x", "x", "t")
    assert float((found - exact).abs().max()) < 1e-5 * float(exact.abs().max())


@pytest.mark.parametrize("order", [1, 2])
def test_chebyshev_points_are_exact_for_polynomials(order: int) -> None:
    grid = Grid((Axis("x"), Axis("t", "open", 0.5, 1.5, layout="chebyshev")))
    _, t = points(grid, (8, 12))
    poly = np.polynomial.Polynomial(np.random.default_rng(0).normal(size=12))
    found = GridDerivatives(grid)(torch.as_tensor(poly(t.numpy())), *["t"] * order)
    exact = poly.deriv(order)(t.numpy())
    assert np.allclose(found, exact, rtol=0, atol=1e-10 * np.abs(exact).max())


def test_autograd_of_what_does_not_depend_on_a_coordinate_is_0() -> None:
    x = torch.ones(3, requires_grad=True)
    t = torch.ones(3, requires_grad=True)
    d = Autograd({"x": x, "t": t})
    assert d(x.square(), "t").tolist() == d(torch.ones(3), "x").tolist() == [0.0] * 3
    assert d(x.square()) is not None


@pytest.mark.parametrize("n", [12, 13])
@pytest.mark.parametrize("factors", [2, 3])
def test_a_product_has_no_aliases(n: int, factors: int) -> None:
    """Compared with the product on a fine grid, truncated to the modes below Nyquist."""
    rng = np.random.default_rng(0)
    fine, most = 120, (n - 1) // 2
    hats = [rng.normal(size=most + 1) + 1j * rng.normal(size=most + 1) for _ in range(factors)]
    functions = (
        [[np.fft.irfft(np.pad(h, (0, m // 2 - most)), m) * m for m in (n, fine)] for h in hats]
        if n % 2 == 0
        else [
            [np.fft.irfft(h, n) * n, np.fft.irfft(np.pad(h, (0, fine // 2 - most)), fine) * fine]
            for h in hats
        ]
    )
    coarse = fourier.product([torch.as_tensor(f[0]) for f in functions], [-1])
    exact = np.prod([f[1] for f in functions], axis=0)
    kept = np.fft.rfft(exact)[: most + 1] / fine
    assert np.allclose(np.fft.rfft(coarse.numpy())[: most + 1] / n, kept)
    plain = np.prod([f[0] for f in functions], axis=0)
    assert not np.allclose(np.fft.rfft(plain)[: most + 1] / n, kept)


def test_a_product_of_two_axes_and_an_axis_in_between() -> None:
    grid = Grid((Axis("x"), Axis("y"), Axis("t", "open", layout="ends")))
    x, y, t = points(grid, (12, 10, 3))
    u = torch.cos(2 * math.pi * 4 * x) * torch.cos(2 * math.pi * 3 * y) * (1 + t)
    found = GridDerivatives(grid).product(u[None], u[None], torch.full((1, 1, 1, 1), 2.0))
    # cos^2 is 1/2 and a wave of twice the wavenumber, which the grid does not resolve.
    assert torch.allclose(found[0], 2 * (1 + t) ** 2 / 4)


def test_fluxes_see_a_checkerboard_and_central_differences_do_not() -> None:
    grid = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends")))
    i, j = torch.meshgrid(torch.arange(17), torch.arange(17), indexing="ij")
    board = (-1.0) ** (i + j).double()
    board[[0, -1]] = board[:, [0, -1]] = 0.0
    d = GridDerivatives(grid, accuracy=2)
    one = torch.ones_like(board)
    twice = d(d(board, "x"), "x") + d(d(board, "y"), "y")
    inner = (slice(3, -3), slice(3, -3))
    assert float(twice[inner].abs().max()) < 1e-12
    assert torch.allclose(d.diffusion(one, board, "x", "y")[inner], -8 * 16**2 * board[inner])


def test_fluxes_preserve_the_flux_through_an_interface() -> None:
    """A piecewise linear pressure with a continuous flux solves the equation exactly."""
    grid = Grid((Axis("x", "dirichlet", layout="ends"),))
    (x,) = points(grid, (18,))  # the interface lies between nodes 8 and 9, at 1/2
    a = 3.0 + 9.0 * (x > 0.5).double()
    u = torch.where(x < 0.5, x / 3, 1 / 6 + (x - 0.5) / 12)
    found = GridDerivatives(grid).diffusion(a, u, "x")
    assert float(found.abs().max()) < 1e-12


@pytest.mark.parametrize("spectral", [True, False])
def test_the_order_of_fluxes(spectral: bool) -> None:
    grid = Grid.periodic(1)
    errors = []
    for n in (32, 64):
        (x,) = points(grid, (n,))
        s, c = torch.sin(2 * math.pi * x), torch.cos(2 * math.pi * x)
        exact = 4 * math.pi**2 * (c * c - (1.5 + s) * s)
        found = GridDerivatives(grid, spectral=spectral).diffusion(1.5 + s, s, "x")
        errors.append(float((found - exact).abs().max()))
    if spectral:
        assert max(errors) < 1e-10
    else:
        assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)


def test_the_weak_form_is_the_average_of_the_strong_one() -> None:
    x, t = points(SPACE_TIME, (64, 61))
    d = WeakForm(SPACE_TIME, radius=12)
    u = wave(x, t)
    assert d(u).shape == (64, 61 - 24)
    for axes in (("x",), ("t",), ("x", "x"), ("x", "t")):
        strong = GridDerivatives(SPACE_TIME, accuracy=6)(u, *axes)
        assert torch.allclose(d(u, *axes), d(strong), atol=2e-5)


def test_the_weak_form_averages_noise_that_the_strong_one_amplifies() -> None:
    noise = 1e-3 * torch.as_tensor(np.random.default_rng(0).normal(size=(64, 61)))
    weak, strong = WeakForm(SPACE_TIME), GridDerivatives(SPACE_TIME)
    assert weak(noise, "x", "x").std() < 0.02 * strong(noise, "x", "x").std()


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: GridDerivatives(SPACE_TIME, accuracy=3), "accuracy"),
        (lambda: GridDerivatives(Grid.latlon()), "grid"),
        (lambda: GridDerivatives(SPACE_TIME)(torch.ones(8, 9), "y"), "axis"),
        (lambda: GridDerivatives(SPACE_TIME)(torch.ones(8, 2), "t"), "points"),
        (lambda: WeakForm(SPACE_TIME)(torch.ones(64, 9)), "radius"),
        (lambda: WeakForm(SPACE_TIME)(torch.ones(64, 30), "y"), "axis"),
        (lambda: WeakForm(SPACE_TIME, radius=1), "radius"),
        (lambda: WeakForm(SPACE_TIME, power=2)(torch.ones(64, 30), "x", "x"), "power"),
        (lambda: WeakForm(Grid.latlon(gauss=True)), "layout"),
        (lambda: Autograd({"x": torch.ones(2)})(torch.ones(2), "y"), "axis"),
    ],
)
def test_what_cannot_be_differentiated(make: object, key: str) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.key == key
