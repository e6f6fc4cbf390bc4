"""Halved and doubled grids lie where the averages and the interpolation put them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.local.resize import double, halve

SIZES = {"ends": (17, 9), "left": (16, 8), "cells": (16, 8)}


def at(grid: Grid, n: int) -> Tensor:
    return torch.from_numpy(grid.axes[0].points(n))


@pytest.mark.parametrize("layout", SIZES)
def test_linear_functions_keep_their_values_at_the_points_of_the_halved_grid(layout: str) -> None:
    """Odd extensions of linear functions are linear, so that this includes the walls."""
    grid = Grid((Axis("x", "dirichlet", layout=layout),))
    fine, coarse = SIZES[layout]
    f, g = (3 * at(grid, n) - 1 for n in (fine, coarse))
    torch.testing.assert_close(halve(f, grid), g, atol=1e-12, rtol=0)
    torch.testing.assert_close(double(g, grid, (fine,)), f, atol=1e-12, rtol=0)


def test_a_periodic_plane_is_pooled() -> None:
    x = torch.randn(2, 3, 8, 6)
    torch.testing.assert_close(halve(x, Grid.periodic(2)), avg_pool2d(x, 2))


@pytest.mark.parametrize("boundary", ["periodic", "neumann", "open", "dirichlet"])
@pytest.mark.parametrize("shape", [(7, 1), (8, 2), (1, 5), (85, 4)])
def test_a_constant_stays_at_any_size(boundary: str, shape: tuple[int, int]) -> None:
    grid = Grid((Axis("x", boundary, layout="cells"), Axis("y", "open", layout="ends")))
    x = torch.full((1, 1, *shape), 2.5)
    small = halve(x, grid)
    assert small.shape[2:] == tuple((n + 1) // 2 for n in shape)
    torch.testing.assert_close(small, torch.full_like(small, 2.5))
    torch.testing.assert_close(double(small, grid, shape), x)


def test_shifts_by_two_points_commute() -> None:
    grid, x = Grid.periodic(2), torch.randn(1, 1, 8, 12)
    small = halve(x, grid)
    assert torch.equal(halve(x.roll((2, 4), (2, 3)), grid), small.roll((1, 2), (2, 3)))
    fine = double(small, grid, (8, 12))
    assert torch.equal(double(small.roll(1, 3), grid, (8, 12)), fine.roll(2, 3))


def test_north_and_south_are_mirror_images() -> None:
    for poles, n in ((True, 9), (False, 8)):
        grid, x = Grid.latlon(poles=poles), torch.randn(1, 2, n, 8, dtype=torch.float64)
        small = halve(x, grid)
        torch.testing.assert_close(halve(x.flip(2), grid), small.flip(2))
        up, down = (double(v, grid, (n, 8)) for v in (small, small.flip(2)))
        torch.testing.assert_close(down, up.flip(2))
