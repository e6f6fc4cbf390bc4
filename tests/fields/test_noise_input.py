"""Random fields as input: one function of space on every grid, with a known covariance."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.noise_basis import resolved
from neurop.fields.noise_input import NoiseInput, read_noise
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

WALLED = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", layout="left")))


def draw(
    noise: NoiseInput, grid: Grid, shape: tuple[int, ...], rows: int, steps: int = 1
) -> Tensor:
    """Return ``(steps, row, channels, *grid)``."""
    like = torch.zeros((), dtype=torch.float64)
    return torch.stack(list(islice(noise.paths(grid, shape, rows, [1], like), steps)))


@pytest.mark.parametrize(
    ("grid", "coarse", "fine", "part"),
    [
        (Grid.periodic(1), (12,), (36,), np.s_[::3,]),
        (WALLED, (9, 8), (17, 24), np.s_[::2, ::3]),
        (Grid((replace(WALLED.axes[0], layout="chebyshev"),)), (9,), (33,), np.s_[::4,]),
        (Sphere.latlon(), (9, 16), (17, 32), np.s_[::2, ::2]),
        (Sphere.latlon(poles=False), (6, 12), (18, 36), np.s_[1::3, ::3]),
    ],
)
def test_a_finer_grid_samples_the_same_function(
    grid: Grid, coarse: tuple[int, ...], fine: tuple[int, ...], part: Any
) -> None:
    noise = NoiseInput(3, modes=4)
    one, two = (draw(noise, grid, shape, 2) for shape in (coarse, fine))
    torch.testing.assert_close(two[(..., *part)], one, atol=1e-12, rtol=0)


def test_the_orientation_of_a_sphere_turns_the_same_function() -> None:
    noise = NoiseInput(2, modes=5)
    north, south = (draw(noise, Sphere.latlon(north_first=n), (7, 12), 2) for n in (True, False))
    torch.testing.assert_close(south.flip(-2), north, atol=1e-12, rtol=0)


@pytest.mark.parametrize("grid", [Grid.periodic(2), WALLED, Sphere.latlon()])
def test_it_has_mean_0_and_variance_1_everywhere(grid: Grid) -> None:
    rows = 4000
    z = draw(NoiseInput(2, modes=3), grid, (5, 6), rows)[0]
    error = 5 / rows**0.5
    assert z.mean(0).abs().max() < error
    assert (z.var(0) - 1).abs().max() < error * 2**0.5


def test_its_covariance_on_a_circle_is_the_series() -> None:
    rows, modes, n = 4000, 4, 16
    z = draw(NoiseInput(2, modes=modes), Grid.periodic(1), (n,), rows)[0]
    lag, k = np.arange(n)[:, None] / n, np.arange(modes)
    for channel in range(2):
        variance = np.exp(-4 * (2**channel * k / modes) ** 2) * np.where(k > 0, 2, 1)
        expected = (variance * np.cos(2 * np.pi * k * lag)).sum(1) / variance.sum()
        found = (z[:, channel, :1] * z[:, channel]).mean(0)
        np.testing.assert_allclose(found, expected, atol=5 / rows**0.5)


def test_its_covariance_on_a_sphere_is_that_of_the_addition_theorem() -> None:
    rows, modes = 4000, 4
    grid, shape = Sphere.latlon(), (7, 8)
    z = draw(NoiseInput(1, modes=modes), grid, shape, rows)[0, :, 0].flatten(1)
    lat, lon = (
        x.ravel() for x in np.meshgrid(grid.latitudes(7), grid.longitudes(8), indexing="ij")
    )
    point = 10  # away from the poles
    angle = np.sin(lat) * np.sin(lat[point]) + np.cos(lat) * np.cos(lat[point]) * np.cos(
        lon - lon[point]
    )
    degree = np.arange(modes)
    power = np.exp(-4 * (degree / modes) ** 2) * (2 * degree + 1)
    expected = np.polynomial.legendre.legval(angle, power / power.sum())
    found = (z[:, point, None] * z).mean(0)
    np.testing.assert_allclose(found, expected, atol=5 / rows**0.5)


def test_the_ends_of_a_walled_axis_are_not_alike() -> None:
    z = draw(NoiseInput(1, modes=4), Grid((Axis("x", "open", layout="ends"),)), (33,), 4000)[
        0, :, 0
    ]
    assert abs((z[:, 0] * z[:, -1]).mean()) < 0.1
    assert (z[:, 0] * z[:, 1]).mean() > 0.9


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_steps_are_correlated_as_asked(correlation: float) -> None:
    rows = 4000
    z = draw(NoiseInput(1, 3, correlation), Grid.periodic(1), (6,), rows, steps=3)[:, :, 0]
    error = 6 / rows**0.5
    assert (z.var(1) - 1).abs().max() < error
    for lag in (1, 2):
        found = (z[0] * z[lag]).mean(0)
        assert (found - correlation**lag).abs().max() < error


def test_a_row_does_not_depend_on_the_others() -> None:
    noise = NoiseInput(2, modes=3)
    many, few = (draw(noise, Grid.periodic(2), (6, 6), rows, 2) for rows in (5, 2))
    assert torch.equal(many[:, :2], few)


def test_modes_that_a_grid_resolves() -> None:
    assert resolved(Grid.periodic(1), (16,)) == 8
    assert resolved(Grid.periodic(2), (16, 9)) == 5
    # Of 33 Chebyshev points the largest distance is that of 20 uniform points.
    assert resolved(Grid((Axis("t", "open", layout="chebyshev"), Axis("x"))), (33, 64)) == 10
    assert resolved(Sphere.latlon(), (19, 36)) == 18
    assert resolved(Sphere.latlon(gauss=True), (19, 64)) == 19


@pytest.mark.parametrize(
    ("values", "key"),
    [({"channels": 0}, "channels"), ({"modes": 0}, "modes"), ({"correlation": 1.0}, "correlation")],
)
def test_wrong_noise(values: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as wrong:
        NoiseInput(**values)
    assert (wrong.value.key, wrong.value.value) == (key, values[key])


@pytest.mark.parametrize(
    ("plain", "key"),
    [
        ({"channels": 10**9}, "noise.channels"),
        ({"channels": "4"}, "noise.channels"),
        ({"colour": "pink"}, "noise.colour"),
        ([4, 16], "noise"),
    ],
)
def test_damaged_noise_of_a_saved_surrogate(plain: Any, key: str) -> None:
    with pytest.raises(InputError) as wrong:
        read_noise({"noise": plain}, 1000)
    assert wrong.value.key == key
    assert read_noise({}, 1000) is None
