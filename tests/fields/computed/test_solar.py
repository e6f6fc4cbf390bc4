"""The position of the sun and its radiation, against almanacs, published means and quadrature."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises_input

from neurop.fields.computed.solar import SOLAR_CONSTANT, Solar, sun
from neurop.geometry.quadrature import gauss_legendre

SOLSTICE, EQUINOX = "2024-06-20T20:51", "2024-03-20T03:06"


def dates(*some: str) -> np.ndarray:
    return np.array(some, "datetime64[s]")


def flux(when: str, latitude: float, longitude: float = 0.0, hours: float = 1.0) -> float:
    """Return the flux at one point; `when` is the end of the interval."""
    place = np.deg2rad([[latitude]]), np.deg2rad([longitude])
    return float(Solar(hours).values(dates(when), *place).item())


@pytest.mark.parametrize(
    ("when", "degrees"),
    [
        (EQUINOX, 0.0),
        (SOLSTICE, 23.436),
        ("2024-09-22T12:44", 0.0),
        ("2024-12-21T09:20", -23.436),
        ("1980-06-21T05:47", 23.44),
    ],
)
def test_declination_at_the_turns_of_the_year(when: str, degrees: float) -> None:
    assert np.rad2deg(sun(dates(when))[0]).item() == pytest.approx(degrees, abs=0.017)


@pytest.mark.parametrize(
    ("when", "distance"), [("2024-01-03T00:39", 0.98331), ("2024-07-05T05:06", 1.01673)]
)
def test_least_and_largest_distance(when: str, distance: float) -> None:
    assert sun(dates(when))[2].item() == pytest.approx(distance, abs=1e-4)
    year = np.datetime64("2024-01-01", "h") + np.arange(366 * 24)
    of_year = sun(year)[2]
    extreme = year[of_year.argmin() if distance < 1 else of_year.argmax()]
    assert abs(extreme - dates(when)[0]) < np.timedelta64(2, "D")


@pytest.mark.parametrize(
    ("when", "minutes"),
    [("2024-02-11T12:00", -14.2), ("2024-04-15T12:00", 0.0), ("2024-11-03T12:00", 16.45)],
)
def test_equation_of_time(when: str, minutes: float) -> None:
    assert sun(dates(when))[1].item() / (2 * np.pi) * 1440 == pytest.approx(minutes, abs=0.15)


@pytest.mark.parametrize(
    ("noon", "latitude", "least", "most"),
    [
        (EQUINOX, 0, 434, 438),
        ("2024-09-22T12:44", 0, 428, 433),
        (EQUINOX, 60, 216, 220),
        (SOLSTICE, 90, 521, 526),
        (SOLSTICE, 0, 383, 387),
        (SOLSTICE, -90, 0, 0),
        ("2024-12-21T09:20", -90, 556, 561),
        ("2024-12-21T09:20", 90, 0, 0),
    ],
)
def test_means_of_a_day(noon: str, latitude: float, least: float, most: float) -> None:
    end = str(np.datetime64(noon) + np.timedelta64(12, "h"))
    assert least <= flux(end, latitude, hours=24) <= most


def test_the_mean_over_globe_and_year_is_a_quarter_of_the_constant() -> None:
    points, weights, _ = gauss_legendre(32)
    days = np.datetime64("2023-01-01", "D") + np.arange(365)
    place = np.pi / 2 - np.pi * points[:, None], np.zeros(1)
    zonal = Solar(24).values(days, *place)[0].mean((0, 2))
    mean = (zonal * weights).sum() / weights.sum()
    assert mean == pytest.approx(SOLAR_CONSTANT / 4, rel=1e-3)
    # The eccentricity adds its half square.
    assert mean == pytest.approx(SOLAR_CONSTANT / 4 / np.sqrt(1 - 0.01671**2), rel=2e-4)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(0, 0), (48.9, 2.3), (-75, 123), (68, -150), (90, 0)]
)
@pytest.mark.parametrize("hours", [1, 6, 24])
def test_the_integral_is_that_of_the_height_of_the_sun(
    latitude: float, longitude: float, hours: int
) -> None:
    end = np.datetime64("2024-05-03T07:00", "s")
    times = end - np.arange(5, hours * 3600, 10)
    declination, early, distance = sun(times)
    share = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "D")
    angle = 2 * np.pi * (share - 0.5) + early + np.deg2rad(longitude)
    phi = np.deg2rad(latitude)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(angle)
    expected = (SOLAR_CONSTANT / distance**2 * np.maximum(height, 0)).mean()
    # The sun moves by a quarter of a degree within the day.
    assert flux(str(end), latitude, longitude, hours) == pytest.approx(expected, abs=0.5)


def test_the_sun_is_highest_at_its_own_noon() -> None:
    longitudes = np.deg2rad(np.arange(0, 360, 0.25))
    place = np.zeros((1, 1)), longitudes
    found = Solar(1 / 60).values(dates("2024-11-03T15:00"), *place).ravel()
    # Mean noon is at 45 degrees west; the sun is 16.45 minutes ahead, 4.1 degrees further west.
    west = -np.rad2deg(longitudes[found.argmax()]) % 360
    assert west == pytest.approx(49.0, abs=0.4)
    assert found.min() == 0


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.floats(-90, 90),
    st.floats(0, 360),
    st.floats(0.01, 24),
)
def test_the_flux_is_between_night_and_the_sun_overhead(
    when: datetime, latitude: float, longitude: float, hours: float
) -> None:
    found = flux(str(np.datetime64(when, "s")), latitude, longitude, hours)
    assert 0 <= found <= SOLAR_CONSTANT / 0.983**2


@pytest.mark.parametrize("hours", [0.0, -1.0, 25.0])
def test_hours_out_of_bounds(hours: float) -> None:
    with raises_input("hours", hours):
        Solar(hours)
