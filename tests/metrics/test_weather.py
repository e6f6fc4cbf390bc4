"""Weather scores on closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neurop.geometry.axis import Axis
from neurop.geometry.sphere import Sphere
from neurop.metrics.weather import anomaly_correlation, cell_areas, degree_spectrum
from neurop.spectral.legendre import legendre


@pytest.mark.parametrize("north_first", [True, False])
def test_areas_of_a_grid_with_poles(north_first: bool) -> None:
    """Caps of 1.25 degrees at the poles, belts of 2.5 degrees elsewhere."""
    areas = cell_areas(Sphere.latlon(north_first), (73, 144))[:, 0]
    half = math.radians(1.25)
    share = areas / areas.sum()
    assert share[0] == pytest.approx((1 - math.cos(half)) / 2, rel=1e-9)
    assert share[36] == pytest.approx(math.sin(half), rel=1e-9)
    assert share[[0, -1]].min() > 0
    assert areas.mean() == pytest.approx(1)


def test_areas_are_the_measure_of_the_sphere_at_any_resolution() -> None:
    for grid in (Sphere.latlon(), Sphere.latlon(poles=False), Sphere.latlon(gauss=True)):
        latitude = grid.latitudes(181)[:, None]
        areas = cell_areas(grid, (181, 2))
        assert (areas * np.sin(latitude) ** 2).mean() == pytest.approx(1 / 3, abs=1e-4)


def test_areas_of_a_part_of_the_sphere() -> None:
    grid = Sphere(
        (
            Axis("latitude", "open", 30.0, 20.0, "degrees_north", "ends"),
            Axis("longitude", "open", 0.0, 40.0, "degrees_east", "ends"),
        )
    )
    rows = cell_areas(grid, (3, 5))[:, 0]  # 30, 40, 50, cells of 10 degrees
    edges = np.sin(np.deg2rad([25.0, 35.0, 45.0, 55.0]))
    np.testing.assert_allclose(rows, np.diff(edges) / np.diff(edges).mean(), rtol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 60.0, 90.0, 180.0])
def test_anomaly_correlation_is_the_cosine_of_the_anomalies(angle: float) -> None:
    grid = Sphere.latlon()
    w = torch.from_numpy(cell_areas(grid, (19, 36)))
    lon = torch.from_numpy(grid.longitudes(36)).expand(19, 36)
    climatology = 5 + torch.from_numpy(grid.latitudes(19))[:, None].expand(19, 36)
    turn = math.radians(angle)
    # Waves of one zonal wavenumber whose phases differ by an angle.
    truth, forecast = climatology + lon.cos(), climatology + 7 * (lon - turn).cos()
    found = anomaly_correlation(forecast[None], truth[None], climatology, w)
    assert found.item() == pytest.approx(math.cos(turn), abs=1e-12)


@pytest.mark.parametrize("grid", [Sphere.latlon(), Sphere.latlon(False, poles=False)])
def test_spectrum_of_harmonics_is_in_their_degrees(grid: Sphere) -> None:
    shape = 13, 24
    p = legendre(6, 6, np.pi / 2 - grid.latitudes(13))
    lon = grid.longitudes(24)
    one = 2 * p[0, 2][:, None] + np.zeros(24)
    two = 3 * 2**0.5 * p[3, 5][:, None] * np.sin(3 * lon)
    found = degree_spectrum((one + two)[None], grid)[0]
    expected = np.zeros(len(found))
    expected[[2, 5]] = np.array([4, 9]) / (4 * np.pi)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert len(found) == shape[0] - (grid.axes[0].layout == "ends")
