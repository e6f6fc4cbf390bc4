"""Fields continued over the poles, and convolutions of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.filters.polar import PolarFilter
from neurop.layers.spectral.double_fourier_conv import DoubleFourierConv
from neurop.layers.spectral.over_poles import over_poles, torus, torus_shape, zonal_cutoff

SPHERES = {
    "poles": (Grid.latlon(), (9, 16)),
    "cells": (Grid.latlon(poles=False), (8, 16)),
    "south first": (Grid.latlon(north_first=False), (9, 12)),
}
each_sphere = pytest.mark.parametrize(("sphere", "shape"), SPHERES.values(), ids=SPHERES)
Array = NDArray[np.float64]


def angles(grid: Grid, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Return latitude and longitude in radians; beyond a pole the latitude goes on."""
    first, second = (np.deg2rad(axis.coordinates(n)) for axis, n in zip(grid.axes, shape))
    latitude, longitude = np.meshgrid(first, second, indexing="ij")
    return latitude, longitude


def scalar(latitude: Array, longitude: Array) -> Array:
    """Return a polynomial of x, y and z on the unit sphere, a sum of harmonics up to degree 4."""
    x, y, z = (
        np.cos(latitude) * np.cos(longitude),
        np.cos(latitude) * np.sin(longitude),
        np.sin(latitude),
    )
    return x * y**2 * z + x**3 - 2 * z + y


def wind(latitude: Array, longitude: Array) -> Array:
    """Return east and north of the field (1, 2, 3 + z) of constant vectors and a gradient."""
    east = np.stack([-np.sin(longitude), np.cos(longitude), 0 * longitude])
    north = np.stack(
        [
            -np.sin(latitude) * np.cos(longitude),
            -np.sin(latitude) * np.sin(longitude),
            np.cos(latitude),
        ]
    )
    vector = np.stack([1 + 0 * latitude, 2 + 0 * latitude, 3 + np.sin(latitude)])
    return np.stack([(vector * east).sum(0), (vector * north).sum(0)], -1)


@each_sphere
def test_smooth_fields_continue_as_their_formulas_do(
    sphere: Sphere, shape: tuple[int, int]
) -> None:
    """A scalar keeps its sign; both components of a wind change it, and either sign alone fails."""
    where = angles(sphere, shape)
    fields = np.concatenate([scalar(*where)[..., None], wind(*where)], -1)
    beyond = angles(torus(sphere), torus_shape(sphere, shape))
    wanted = np.concatenate([scalar(*beyond)[..., None], wind(*beyond)], -1)
    x = torch.from_numpy(fields)[None]
    signs = torch.tensor([1.0, -1.0, -1.0])
    made = over_poles(x, sphere, signs)[0].numpy()
    np.testing.assert_allclose(made, wanted, atol=1e-12)
    flipped = over_poles(x, sphere, -signs)[0].numpy()
    assert (np.abs(flipped - wanted).max((0, 1)) > 0.5).all()


@each_sphere
def test_a_wind_times_the_cosine_of_the_latitude_continues_as_a_scalar(
    sphere: Sphere, shape: tuple[int, int]
) -> None:
    where, beyond = angles(sphere, shape), angles(torus(sphere), torus_shape(sphere, shape))
    x, wanted = (wind(*a) * np.cos(a[0])[..., None] for a in (where, beyond))
    made = over_poles(torch.from_numpy(x)[None], sphere)[0].numpy()
    np.testing.assert_allclose(made, wanted, atol=1e-12)


def test_an_odd_number_of_longitudes_takes_the_mean_of_two_meridians() -> None:
    x = torch.randn(1, 4, 5, 1)
    made = over_poles(x, Grid.latlon(poles=False))
    torch.testing.assert_close(made[0, 4, 0], (x[0, 3, 2] + x[0, 3, 3]) / 2)


def test_room_for_waves_at_each_latitude() -> None:
    """At the equator all, at the poles the mean alone, at 60 degrees half of the wavenumbers."""
    room = zonal_cutoff(Grid.latlon(), 7, 9, 9, torch.float64, torch.device("cpu"))[..., 0]
    cosines, sines = room[:, :9], room[:, 9:]
    assert cosines.sum(1).tolist() == [1, 5, 7, 9, 7, 5, 1]
    assert torch.equal(sines, cosines[:, 1:])
    few = zonal_cutoff(Grid.latlon(), 7, 9, 4, torch.float64, torch.device("cpu"))[..., 0]
    assert torch.equal(few[:, :4], cosines[:, :4])


def identity(sphere: Grid, modes: tuple[int, int]) -> DoubleFourierConv:
    """Return a convolution that passes all of its modes as they are."""
    conv = DoubleFourierConv(2, 2, modes, sphere).double()
    weight = torch.zeros_like(conv.torus.weight)
    weight[..., 0, :] = torch.eye(2)
    conv.torus.weight.data = weight
    return conv


@each_sphere
@torch.no_grad()
def test_harmonics_pass_and_a_field_has_one_value_at_a_pole(
    sphere: Sphere, shape: tuple[int, int]
) -> None:
    """Harmonics are sums of waves of both angles; that of k = 1 passes where a circle of latitude
    has room for it.
    """
    latitude, longitude = angles(sphere, shape)
    zonal = np.sin(latitude) ** 2
    wave = np.cos(latitude) * np.cos(longitude)
    x = torch.from_numpy(np.stack([zonal, wave]))[None]
    made = identity(sphere, (4, 6))(x)
    assert float((made - x)[:, 0].abs().max()) < 1e-12
    room = np.cos(latitude) * 5 + 1e-9 >= 1
    np.testing.assert_allclose(made[0, 1].numpy(), np.where(room, wave, 0), atol=1e-12)
    noise = torch.randn(1, 2, *shape, dtype=torch.float64)
    y = identity(sphere, (4, 6))(noise)
    if sphere.axes[0].layout == "ends":
        assert float(y[..., [0, -1], :].std(-1).max()) < 1e-12


@torch.no_grad()
def test_both_grids_of_a_sphere_are_the_same_operator() -> None:
    """On points that resolve a field, the output is one function, at the equator and elsewhere."""
    torch.manual_seed(0)
    weight = PolarFilter((5, 5), 1)
    values = []
    for sphere, shape in ((Grid.latlon(), (17, 16)), (Grid.latlon(), (33, 48))):
        conv = DoubleFourierConv(1, 1, (5, 5), sphere, weight).double()
        x = torch.from_numpy(scalar(*angles(sphere, shape)))[None, None]
        step = shape[0] // 16
        values.append(conv(x)[0, 0, ::step, :: shape[1] // 16])
    torch.testing.assert_close(*values, atol=1e-12, rtol=0)


@each_sphere
@torch.no_grad()
def test_a_depthwise_filter_amplifies_nothing_on_the_continued_sphere(
    sphere: Sphere, shape: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    weight = PolarFilter((4, 4), 2)
    weight.mix.weight.copy_(torch.eye(2))
    weight.gain.add_(20)
    conv = DoubleFourierConv(2, 2, (4, 4), sphere, weight).double()
    x = torch.randn(3, *shape, 2, dtype=torch.float64)
    assert conv.channels_last(x).norm() <= over_poles(x, sphere).norm()


def test_domains_that_do_not_continue() -> None:
    with raises_input("layout", "gauss"):
        DoubleFourierConv(1, 1, (3, 3), Grid.latlon(gauss=True))
    with raises_input("domain", "x, y"):
        DoubleFourierConv(1, 1, (3, 3), Grid.periodic(2))
    north = Sphere((Axis("latitude", "open", 0.0, 90.0, layout="cells"), Grid.latlon().axes[1]))
    with raises_input("domain", "latitude, longitude"):
        DoubleFourierConv(1, 1, (3, 3), north)


def test_the_slope_is_that_of_finite_differences() -> None:
    conv = DoubleFourierConv(1, 1, (2, 3), Grid.latlon()).double()
    x: Tensor = torch.randn(1, 4, 6, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(conv.channels_last, (x,))
