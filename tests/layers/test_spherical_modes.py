"""A matrix per degree and order."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neurop.errors import InputError
from neurop.layers.spherical_modes import SphericalModes
from neurop.physics.grid import Grid
from neurop.spectral import analyze_sphere, synthesize_sphere

GAUSS = Grid.latlon(gauss=True)


def field(seed: int = 0) -> torch.Tensor:
    """Return a field of degrees below 8 on 12 x 24 points, ``(2, 12, 24, 3)``."""
    x = torch.randn(2, 12, 24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return synthesize_sphere(analyze_sphere(x, GAUSS, 8, 8), GAUSS, (12, 24))


def test_each_order_turned_by_its_own_angle_is_the_field_turned() -> None:
    modes, angle = SphericalModes(3, 3, (8, 8)).double(), 2 * math.pi * 5 / 24
    order = torch.arange(8, dtype=torch.float64)
    for channel in range(3):
        modes.weight.data[:, :, 0, channel, 0, channel] = torch.cos(order * angle)[:, None]
        modes.weight.data[:, :, 0, channel, 1, channel] = -torch.sin(order * angle)[:, None]
    x = field()
    turned = synthesize_sphere(modes(analyze_sphere(x, GAUSS, 8, 8)), GAUSS, (12, 24))
    torch.testing.assert_close(turned, x.roll(5, 2), atol=1e-12, rtol=0)


def test_neighbouring_degrees_make_the_sine_of_the_latitude() -> None:
    """sin(latitude) Y_l^m = e_{l+1} Y_{l+1}^m + e_l Y_{l-1}^m, the Coriolis parameter, with e_l^2 = (l^2 - m^2) / (4 l^2 - 1)."""
    modes = SphericalModes(3, 2, (9, 8), 1).double()
    order, degree = torch.arange(8.0, dtype=torch.float64)[:, None], torch.arange(10.0, dtype=torch.float64)
    e = ((degree**2 - order**2) / (4 * degree**2 - 1)).clamp(min=0).sqrt()
    modes.weight.data[:, :, 0, 1, 0, 0] = e[:, :9]
    modes.weight.data[:, :, 2, 1, 0, 0] = e[:, 1:]
    x = field()
    made = synthesize_sphere(modes(analyze_sphere(x, GAUSS, 9, 8)), GAUSS, (12, 24))
    sine = torch.from_numpy(np.sin(np.deg2rad(GAUSS.coordinates((12, 24))["latitude"])))
    torch.testing.assert_close(made[..., 0], sine[:, None] * x[..., 1], atol=1e-12, rtol=0)
    assert not made[..., 1].any()


def test_fewer_orders_take_their_part_of_the_weights() -> None:
    modes = SphericalModes(3, 2, (8, 8), 2).double()
    torch.nn.init.normal_(modes.weight)
    c = analyze_sphere(field(), GAUSS, 8, 8)
    torch.testing.assert_close(modes(c[:4]), modes(c)[:4])
    torch.testing.assert_close(modes(c[:, :6])[:, :4], modes(c)[:, :4])  # the last two miss their neighbours


def test_it_begins_as_nothing() -> None:
    modes = SphericalModes(3, 2, (8, 6), 2)
    assert modes.weight.shape == (6, 8, 5, 3, 2, 2)
    assert not modes(torch.randn(6, 8, 1, 2, 3)).any()
    with pytest.raises(InputError, match="waves=-1"):
        SphericalModes(3, 2, (8, 6), -1)
