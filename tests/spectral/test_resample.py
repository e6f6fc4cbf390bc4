"""Changes of grid on the sphere are exact for what the grids hold, and a pole is one point."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spectral import resample, resample_axes, resample_sphere
from neurop.spectral.spherical import synthesize_sphere

SPHERES = {
    "gauss": Sphere.latlon(gauss=True),
    "poles": Sphere.latlon(),
    "cells": Sphere.latlon(poles=False),
    "south first": Sphere.latlon(north_first=False),
    "gauss, south first": Sphere.latlon(north_first=False, gauss=True),
}


def coefficients(degrees: int, seed: int = 0) -> Tensor:
    """Return a random field of all degrees below `degrees`."""
    rng = np.random.default_rng(seed)
    c = rng.standard_normal((degrees, degrees, 1, 2, 1))
    c[:, :, 0, :, 0] *= np.tril(np.ones((degrees, degrees))).T[:, :, None]
    c[0, :, :, 1] = 0
    return torch.from_numpy(c)


def field(domain: Sphere, shape: tuple[int, int], degrees: int = 6, seed: int = 0) -> Tensor:
    return synthesize_sphere(coefficients(degrees, seed), domain, shape)[0, ..., 0]


@pytest.mark.parametrize("name", SPHERES)
@settings(max_examples=25, deadline=None)
@given(latitudes=st.integers(8, 40), longitudes=st.integers(12, 60), seed=st.integers(0, 99))
def test_fields_of_few_degrees_are_carried_exactly(
    name: str, latitudes: int, longitudes: int, seed: int
) -> None:
    domain = SPHERES[name]
    coarse, fine = (8, 14), (latitudes, longitudes)
    there = resample(field(domain, coarse, seed=seed), domain, fine)
    assert (there - field(domain, fine, seed=seed)).abs().max() < 1e-12
    back = resample(there, domain, coarse)
    assert (back - field(domain, coarse, seed=seed)).abs().max() < 1e-12


@pytest.mark.parametrize("name", SPHERES)
@settings(max_examples=25, deadline=None)
@given(place=st.floats(0, 1), turns=st.floats(-2, 2), seed=st.integers(0, 99))
def test_a_point_has_one_value(name: str, place: float, turns: float, seed: int) -> None:
    domain = SPHERES[name]
    x = field(domain, (12, 24), seed=seed)
    points = torch.tensor(
        [[place, turns], [place, turns + 1], [0, 0.1], [0, turns], [1, 0.1], [1, turns]],
        dtype=torch.float64,
    )
    a, b, near, again, far, too = resample(x, domain, points).tolist()
    # A shift by a whole turn is rounding; at the poles the longitude means nothing.
    assert a == pytest.approx(b, abs=1e-10)
    assert near == pytest.approx(again, abs=1e-12)
    assert far == pytest.approx(too, abs=1e-12)


@pytest.mark.parametrize("name", SPHERES)
def test_at_the_points_of_a_grid_the_field_has_its_values(name: str) -> None:
    domain, shape = SPHERES[name], (9, 16)
    x = field(domain, shape)
    rows, columns = (axis.points(n) for axis, n in zip(domain.axes, shape))
    points = torch.from_numpy(
        np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    )
    assert (resample(x, domain, points).view(shape) - x).abs().max() < 1e-12


@pytest.mark.parametrize("name", SPHERES)
def test_a_band_is_a_projection_that_keeps_lower_degrees(name: str) -> None:
    domain, shape = SPHERES[name], (24, 48)
    x = field(domain, shape, degrees=20)
    once = resample(x, domain, shape, band=(9, 18))
    assert (resample(once, domain, shape, band=(9, 18)) - once).abs().max() < 1e-11
    low = field(domain, shape, degrees=7)
    assert (resample(low, domain, shape, band=(9, 18)) - low).abs().max() < 1e-12
    assert (once - x).abs().max() > 0.1


def test_waves_in_latitude_and_longitude_are_not_exact() -> None:
    """The reference that planar cosines are compared with: a smooth field of degree 5."""
    domain = SPHERES["poles"]
    x, y = field(domain, (16, 32)), field(domain, (32, 64))
    planar = resample_axes(x, domain, (32, 64))
    assert (planar - y).abs().max() > 1e3 * (resample(x, domain, (32, 64)) - y).abs().max()


def test_gradients_are_exact() -> None:
    domain = SPHERES["gauss"]
    x = field(domain, (8, 16), degrees=8).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: resample(z, domain, (6, 12), band=(5, 9)), x)


@pytest.mark.parametrize("name", SPHERES)
@pytest.mark.parametrize("other", SPHERES)
def test_the_points_of_one_kind_of_grid_are_points_of_another(name: str, other: str) -> None:
    """Gauss, with poles, without: the field is one, wherever its values are known."""
    domain, target, shape = SPHERES[name], SPHERES[other], (11, 18)
    latitude, longitude = (torch.from_numpy(c) for c in target.coordinates(shape).values())
    points = domain.fractions(torch.cartesian_prod(latitude, longitude))
    got = resample(field(domain, (9, 16)), domain, points).view(shape)
    expected = field(target, shape)
    assert (got - expected).abs().max() < 1e-12


def test_a_part_of_the_sphere_has_the_modes_of_its_axes() -> None:
    box = Sphere(
        (Axis("latitude", "open", 60.0, -120.0, "degrees_north", "ends"), SPHERES["poles"].axes[1])
    )
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 9, 16)))
    flat = Grid(box.axes)
    for to in ((17, 20), torch.rand(5, 2, dtype=torch.float64)):
        torch.testing.assert_close(resample(x, box, to), resample(x, flat, to), atol=0, rtol=0)
    with raises_input("axis", "latitude", "120 degrees"):
        resample_sphere(x, box, (17, 20))


@pytest.mark.parametrize("name", ["gauss", "gauss, south first"])
def test_a_band_is_orthogonal_where_the_quadrature_is_exact(name: str) -> None:
    domain, shape = SPHERES[name], (12, 24)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, *shape)))
    inside = resample(x, domain, shape, band=(7, 14))
    beyond = (x - inside) * domain.measure(shape, x)
    assert beyond.abs().max() > 0.1
    assert (beyond[0] * inside).mean((-2, -1)).abs().max() < 1e-13


@pytest.mark.parametrize("name", SPHERES)
def test_single_precision_loses_rounding_alone(name: str) -> None:
    domain = SPHERES[name]
    x = field(domain, (64, 128), degrees=60)
    for to in ((128, 256), (40, 80), torch.rand(20, 2, dtype=torch.float64)):
        gap = resample(x.float(), domain, to).double() - resample(x, domain, to)
        assert gap.abs().max() < 2e-6 * x.abs().max()


@pytest.mark.parametrize("name", SPHERES)
def test_a_graph_holds_the_same_numbers(name: str) -> None:
    torch._dynamo.reset()
    domain, x = SPHERES[name], field(SPHERES[name], (8, 16))[None]

    class Carried(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return resample(x, domain, (9, 18), band=(6, 12))

    expected = Carried()(x)
    program = torch.export.export(Carried(), (x,)).module()
    for graph in (program, torch.compile(Carried(), fullgraph=True, backend="eager")):
        torch.testing.assert_close(graph(x), expected, atol=1e-13, rtol=0)
