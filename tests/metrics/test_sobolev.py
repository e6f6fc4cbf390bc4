"""Sobolev norms of waves, in closed form, and their relations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.metrics.sobolev import sobolev_square
from neurop.physics.operators import gradient, inverse_laplacian

ORDERS = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n", [16, 15])
@pytest.mark.parametrize("length", [1.0, -3.0])
def test_of_a_wave(order: float, n: int, length: float) -> None:
    grid = Grid((Axis("x", length=length),))
    x = torch.as_tensor(grid.coordinates((n,))["x"])
    k = 2 * math.pi * 3 / length
    found = sobolev_square(torch.cos(k * x + 0.3), grid, order).sqrt()
    assert float(found) == pytest.approx(abs(k) ** order / math.sqrt(2))


def random(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def test_order_1_is_the_gradient_and_order_minus_2_the_inverse_laplacian() -> None:
    u, grid = random((3, 9, 11)), Grid.periodic(2, length=2.0)
    slope = gradient(u, (2.0, 2.0)).square().sum(1).mean((-2, -1))
    assert torch.allclose(sobolev_square(u, grid, 1.0), slope)
    potential = inverse_laplacian(u, (2.0, 2.0)).square().mean((-2, -1))
    assert torch.allclose(sobolev_square(u, grid, -2.0), potential)


@given(st.integers(0, 1000), st.floats(0.0, 1.0))
def test_dual_norms_bound_the_inner_product(seed: int, order: float) -> None:
    grid = Grid.periodic(2)
    u, v = (x - x.mean() for x in random((2, 9, 7), seed))
    bound = (sobolev_square(u, grid, order) * sobolev_square(v, grid, -order)).sqrt()
    assert abs(float((u * v).mean())) <= float(bound) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("axis", "wave"),
    [
        (Axis("y", "dirichlet", length=2.0, layout="ends"), torch.sin),
        (Axis("y", "neumann", length=2.0, layout="cells"), torch.cos),
        (Axis("y", "open", length=2.0, layout="ends"), torch.cos),
    ],
)
@pytest.mark.parametrize("order", [-1.0, 1.0])
def test_of_standing_waves_between_walls(axis: Axis, wave: object, order: float) -> None:
    grid = Grid((Axis("x"), axis))
    x, y = (torch.as_tensor(c) for c in grid.coordinates((12, 20)).values())
    u = torch.cos(2 * math.pi * 2 * x)[:, None] * wave(math.pi * 3 * y / 2)  # type: ignore[operator]
    square = (4 * math.pi) ** 2 + (1.5 * math.pi) ** 2
    assert float(sobolev_square(u, grid, order)) == pytest.approx(square**order / 4)


def test_the_mean_counts_at_order_0_alone() -> None:
    u, grid = torch.full((8,), 3.0), Grid.periodic(1)
    assert [round(float(sobolev_square(u, grid, s)), 12) for s in (-1.0, 0.0, 1.0)] == [0, 9, 0]


def test_the_slope_is_that_of_differences() -> None:
    u = random((2, 6, 5)).requires_grad_()
    grid = Grid.periodic(2)
    assert torch.autograd.gradcheck(lambda x: sobolev_square(x, grid, -1.0), u)


@pytest.mark.parametrize(
    ("grid", "order"), [(Grid.periodic(1), 1.5), (Grid.periodic(1), -3.0), (Grid.latlon(), -1.0)]
)
def test_what_has_no_norm(grid: Grid, order: float) -> None:
    with pytest.raises(InputError):
        sobolev_square(torch.ones(8) if grid.dimensions == 1 else torch.ones(8, 16), grid, order)


@pytest.mark.parametrize("order", [-2.0, -1.0, 0.0, 1.0])
def test_the_mean_counts_like_the_longest_wave(order: float) -> None:
    grid = Grid((Axis("x", length=3.0), Axis("y", length=0.5)))
    x = torch.arange(8, dtype=torch.float64)[:, None] / 8
    wave = (2**0.5 * torch.cos(2 * torch.pi * x)).expand(8, 6)
    longest = float(sobolev_square(wave, grid, order))
    assert longest == pytest.approx((2 * torch.pi / 3.0) ** (2 * order))
    u = 0.5 + 0.25 * wave
    weight = 1.0 if order == 0 else longest
    assert float(sobolev_square(u, grid, order, mean=True)) == pytest.approx(
        0.25 * weight + 0.0625 * longest
    )
