"""Changes of grid on the sphere are exact for what the grids hold, and a pole is one point."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from neurop.geometry.sphere import Sphere
from neurop.spectral import resample
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
    from neurop.spectral import resample_axes

    domain = SPHERES["poles"]
    x, y = field(domain, (16, 32)), field(domain, (32, 64))
    planar = resample_axes(x, domain, (32, 64))
    assert (planar - y).abs().max() > 1e3 * (resample(x, domain, (32, 64)) - y).abs().max()


def test_gradients_are_exact() -> None:
    domain = SPHERES["gauss"]
    x = field(domain, (8, 16), degrees=8).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: resample(z, domain, (6, 12), band=(5, 9)), x)
