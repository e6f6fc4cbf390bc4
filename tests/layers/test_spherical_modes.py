"""A matrix per degree and order."""

from __future__ import annotations

import math

import pytest
import torch

from neurop.layers.spherical_modes import SphericalModes
from neurop.physics.grid import Grid
from neurop.spectral import analyze_sphere, synthesize_sphere

GAUSS = Grid.latlon(gauss=True)


def field(seed: int = 0) -> torch.Tensor:
    """Return a field of degrees below 8 on 12 x 24 points, ``(2, 12, 24, 3)``."""
    x = torch.randn(2, 12, 24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return synthesize_sphere(analyze_sphere(x, GAUSS, 8, 8), GAUSS, (12, 24))


def test_each_order_turned_by_its_own_angle_is_the_field_turned() -> None:
    modes, angle = SphericalModes(3, 3, (8, 8), "axis").double(), 2 * math.pi * 5 / 24
    order = torch.arange(8, dtype=torch.float64)
    for channel in range(3):
        modes.weight.data[:, :, channel, 0, channel] = torch.cos(order * angle)[:, None]
        modes.weight.data[:, :, channel, 1, channel] = -torch.sin(order * angle)[:, None]
    x = field()
    turned = synthesize_sphere(modes(analyze_sphere(x, GAUSS, 8, 8)), GAUSS, (12, 24))
    torch.testing.assert_close(turned, x.roll(5, 2), atol=1e-12, rtol=0)


def test_real_factors_of_the_degrees_are_a_power_of_the_laplacian() -> None:
    modes = SphericalModes(3, 2, (8, 8), "all").double()
    degree = torch.arange(8, dtype=torch.float64)
    modes.weight.data[0, :, 0, 0, 1] = -degree * (degree + 1)
    c = analyze_sphere(field(), GAUSS, 8, 8)
    made = modes(c)
    torch.testing.assert_close(made[..., 1], -c[..., 0] * (degree * (degree + 1))[:, None, None])
    assert not made[..., 0].any()


def test_fewer_modes_take_their_part_of_the_weights() -> None:
    modes = SphericalModes(3, 2, (8, 8), "axis").double()
    torch.nn.init.normal_(modes.weight)
    c = analyze_sphere(field(), GAUSS, 8, 8)
    torch.testing.assert_close(modes(c[:4, :6]), modes(c)[:4, :6])


@pytest.mark.parametrize(("symmetry", "shape"), [("axis", (6, 8, 3, 2, 2)), ("all", (1, 8, 3, 1, 2))])
def test_it_begins_as_nothing(symmetry: str, shape: tuple[int, ...]) -> None:
    modes = SphericalModes(3, 2, (8, 6), symmetry)  # type: ignore[arg-type]
    assert modes.weight.shape == shape
    assert not modes(torch.randn(6, 8, 1, 2, 3)).any()
