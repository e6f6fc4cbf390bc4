"""Ghost points are what a function beyond the end of its domain is."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import pad

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.local.boundary_padding import BoundaryPadding, pad_axis

WIDTH = 3
# From the first and last point of each layout to the ends, in spacings.
GAPS = {"ends": (0.0, 0.0), "left": (0.0, 1.0), "cells": (0.5, 0.5)}


def line(boundary: str, layout: str = "ends") -> Grid:
    return Grid((Axis("x", boundary, layout=layout),))


def extended(grid: Grid, n: int, width: int = WIDTH) -> Tensor:
    """Return the positions of n points and of ghost points at the same distances."""
    x = grid.axes[0].points(n)
    h = x[1] - x[0]
    return torch.from_numpy(x[0] + h * np.arange(-width, n + width))


@given(
    shape=st.lists(st.integers(3, 9), min_size=1, max_size=3),
    width=st.integers(0, 3),
    seed=st.integers(0, 9),
)
def test_periodic_axes_are_those_of_torch(shape: list[int], width: int, seed: int) -> None:
    x = torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(seed))
    expected = pad(x, [width] * (2 * len(shape)), mode="circular")
    assert torch.equal(BoundaryPadding(Grid.periodic(len(shape)), width)(x), expected)


def test_a_periodic_axis_wraps_more_than_once() -> None:
    x = torch.tensor([1.0, 2.0])
    found = BoundaryPadding(Grid.periodic(1), 3)(x)
    assert found.tolist() == [2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize("boundary", ["neumann", "open", "dirichlet"])
@pytest.mark.parametrize("layout", ["ends", "cells", "left"])
@pytest.mark.parametrize("n", [2, 5, 12])
def test_continuation(boundary: str, layout: str, n: int) -> None:
    """A line continues as a line, or folded at the ends.

    The point that lies on an end, of the layout ``left``, takes the value of a parabola.
    """
    axis = Axis("x", boundary, layout=layout)  # type: ignore[arg-type]
    width = n - 1
    x = torch.from_numpy(axis.points(n))
    h = 1 / (n - 1 if layout == "ends" else n)
    places = x[0] + h * torch.arange(-width, n + width, dtype=torch.float64)
    made = BoundaryPadding(Grid((axis,)), width)(1 + x)
    if boundary != "neumann":
        torch.testing.assert_close(made, 1 + places, atol=1e-12, rtol=0)
        return
    folded = 1 + torch.where(places < 0, -places, torch.where(places > 1, 2 - places, places))
    inside = (places - 1).abs() > 1e-9 if layout == "left" else torch.ones_like(places) > 0
    torch.testing.assert_close(made[inside], folded[inside], atol=1e-12, rtol=0)


def test_one_point_continues_as_a_constant() -> None:
    assert BoundaryPadding(line("open", "left"), 2)(torch.tensor([3.0])).tolist() == [3.0] * 5


def test_even_extension_is_that_of_torch_where_the_wall_is_a_point() -> None:
    x = torch.randn(2, 1, 7)
    expected = pad(x, (3, 3), mode="reflect")
    assert torch.equal(BoundaryPadding(line("neumann"), 3)(x), expected)


@pytest.mark.parametrize("offset", [0.0, -1.5])
def test_dirichlet_walls_extend_an_odd_function(offset: float) -> None:
    """sin(pi k x) is odd about both walls; the extension commutes with normalisation."""
    grid = line("dirichlet")
    f = 2.0 * torch.sin(3 * math.pi * extended(grid, 12)) + offset
    found = BoundaryPadding(grid, WIDTH)(f[WIDTH:-WIDTH])
    torch.testing.assert_close(found, f, atol=1e-12, rtol=0)


@pytest.mark.parametrize("layout", ["cells", "left"])
def test_dirichlet_walls_between_points_extend_to_second_order(layout: str) -> None:
    grid, errors = line("dirichlet", layout), []
    for n in (32, 64, 128):
        f = torch.sin(math.pi * extended(grid, n)) - 0.7
        errors.append(float((BoundaryPadding(grid, WIDTH)(f[WIDTH:-WIDTH]) - f).abs().max()))
    assert errors[0] < 2e-2
    # Odd functions have no second derivative at the wall, so the order is three.
    assert all(coarse / fine > 3.8 for coarse, fine in pairwise(errors))


@pytest.mark.parametrize("layout", ["cells", "left"])
def test_a_linear_function_is_extended_exactly(layout: str) -> None:
    grid = line("dirichlet", layout)
    f = 2 * extended(grid, 6) - 0.3
    torch.testing.assert_close(BoundaryPadding(grid, WIDTH)(f[WIDTH:-WIDTH]), f, atol=1e-12, rtol=0)


@pytest.mark.parametrize("layout", GAPS)
def test_neumann_walls_extend_an_even_function(layout: str) -> None:
    """cos(pi k x) is even about both walls; a wall that is no point is of fourth order."""
    errors = []
    for n in (64, 128):
        grid = line("neumann", layout)
        f = torch.cos(2 * math.pi * extended(grid, n)) + 0.3
        error = (BoundaryPadding(grid, WIDTH)(f[WIDTH:-WIDTH]) - f).abs()
        if layout == "left":
            errors.append(error[n + WIDTH].item())
            error[n + WIDTH] = 0.0
        assert error.max() < 1e-12
    assert not errors or errors[0] / errors[1] == pytest.approx(16, rel=0.05)


def harmonic(latitude: Tensor, longitude: Tensor) -> Tensor:
    """Return a smooth function of the sphere: a polynomial in Cartesian coordinates."""
    x = latitude.cos() * longitude.cos()
    y = latitude.cos() * longitude.sin()
    z = latitude.sin()
    return 0.3 * z + 1.7 * x - 0.9 * y + 2 * x * y * z - x**2 * y + 0.4 * (x**2 - y**2) + z**3


SPHERES = {
    "poles": (Sphere.latlon(), 13),
    "south first": (Sphere.latlon(north_first=False), 13),
    "cells": (Sphere.latlon(poles=False), 12),
    "gauss": (Sphere.latlon(gauss=True), 12),
}


@pytest.mark.parametrize(("grid", "n"), SPHERES.values(), ids=SPHERES)
@pytest.mark.parametrize("longitudes", [16, 96, 97])
def test_a_smooth_field_continues_across_the_poles(grid: Sphere, n: int, longitudes: int) -> None:
    """Beyond a pole by an angle d lies the point at that distance on the meridian opposite, which
    the formula of the field has at latitude 90 + d degrees.
    """
    inside = torch.from_numpy(grid.latitudes(n))
    before = 2 * inside[0].sign() * math.pi / 2 - inside
    after = 2 * inside[-1].sign() * math.pi / 2 - inside
    skip = int(grid.axes[0].layout == "ends")
    latitudes = torch.cat(
        [before[skip : skip + WIDTH].flip(0), inside, after.flip(0)[skip : skip + WIDTH]]
    )
    turns = torch.from_numpy(grid.axes[1].coordinates(longitudes)).deg2rad()
    f = harmonic(latitudes[:, None], turns)
    found = pad_axis(f[WIDTH:-WIDTH], grid, 0, WIDTH, WIDTH)
    # Without a meridian opposite the two nearest are averaged, to second order.
    bound = 1e-12 if longitudes % 2 == 0 else 3e-3
    torch.testing.assert_close(found, f, atol=bound, rtol=0)
    # Longitudes wrap after latitudes, so that the corners lie across both.
    whole = BoundaryPadding(grid, WIDTH)(f[WIDTH:-WIDTH])
    torch.testing.assert_close(whole, pad(found[None], (WIDTH, WIDTH), "circular")[0])


def test_a_pole_that_is_no_point_has_the_mean_of_the_last_latitude() -> None:
    latitude = Axis("latitude", "open", 90.0, -180.0, "degrees_north", "left")
    grid = Sphere((latitude, Axis("longitude", "periodic", 0.0, 360.0, "degrees_east")))
    x = torch.arange(8.0).view(2, 4)
    assert pad_axis(x, grid, 0, 0, 2)[2:].tolist() == [[5.5] * 4, [6.0, 7.0, 4.0, 5.0]]


def test_a_part_of_a_sphere_has_no_poles() -> None:
    latitude = Axis("latitude", "open", 60.0, -40.0, "degrees_north", "ends")
    grid = Sphere((latitude, Axis("longitude", "periodic", 0.0, 360.0, "degrees_east")))
    x = torch.arange(6.0).view(3, 2)
    assert pad_axis(x, grid, 0, 1, 0)[0].tolist() == [-2.0, -1.0]  # value and slope go on


@pytest.mark.parametrize(
    ("boundary", "layout"),
    [
        ("periodic", "cells"),
        *((boundary, layout) for boundary in ("dirichlet", "neumann", "open") for layout in GAPS),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_points_and_slopes(boundary: str, layout: str, n: int) -> None:
    """Ghost points are affine functions of the points, with weights of sum 1, at any size."""
    padding = BoundaryPadding(line(boundary, layout), 3)
    x = torch.randn(n, dtype=torch.float64, requires_grad=True)
    assert padding(x).shape == (n + 6,)
    assert torch.autograd.gradcheck(padding, x)
    torch.testing.assert_close(padding(2 * x - 5), 2 * padding(x) - 5)
