"""Conditions that are computed from dates and grid, as conditions of a set."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from raising import raises_input
from small import evolution

from neurop.fields.computed import REGISTRY
from neurop.fields.computed.computed import computed_conditions, up_to, with_computed
from neurop.fields.computed.solar import Solar
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import fit_conditions
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spec import Spec

START = np.datetime64("2024-02-28T12", "ns")
DATES = Times(START + np.arange(8) * np.timedelta64(6, "h"))
GLOBE = Sphere.latlon()
ALL = ("solar", "time_of_day", "day_of_year", "latlon")


def dated(**more: Any) -> FieldSet:
    settings = {"grid": GLOBE, "times": DATES, "frames": 8} | more
    return evolution((9, 16), samples=2, **settings)


def numbers(name: str, *days: str) -> np.ndarray:
    times = Times(np.array(days, "datetime64[ns]"))
    found = computed_conditions(name, times, Grid.periodic(1), (8,))
    return np.stack([np.asarray(c.values).ravel() for c in found])


def test_each_of_them_by_name() -> None:
    found = with_computed(dated(), ALL).conditions
    assert [(c.field.name, c.role, c.values.shape[1:]) for c in found] == [
        ("solar", "forcing", (8, 1, 9, 16)),
        ("time_of_day_sin", "forcing", (8, 1, 1, 1)),
        ("time_of_day_cos", "forcing", (8, 1, 1, 1)),
        ("day_of_year_sin", "forcing", (8, 1, 1, 1)),
        ("day_of_year_cos", "forcing", (8, 1, 1, 1)),
        ("latitude_sin", "static", (1, 1, 9, 16)),
        ("latitude_cos", "static", (1, 1, 9, 16)),
        ("longitude_sin", "static", (1, 1, 9, 16)),
        ("longitude_cos", "static", (1, 1, 9, 16)),
    ]
    assert sorted(REGISTRY.names()) == sorted(ALL)
    assert found[0].computed == Spec("solar", {"hours": 1.0})


def test_leap_years() -> None:
    share = np.array([59.5, 365.5]) / 366
    found = numbers("day_of_year", "2024-02-29T12", "2024-12-31T12")
    np.testing.assert_allclose(
        found, [np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)], atol=1e-6
    )
    # The year ends where the next begins.
    ends = numbers("day_of_year", "2024-12-31T23:59:59", "2025-01-01T00:00:00")
    np.testing.assert_allclose(ends[:, 0], ends[:, 1], atol=1e-6)
    np.testing.assert_allclose(ends[:, 1], [0, 1], atol=1e-6)


def test_the_time_of_day_is_that_of_greenwich() -> None:
    found = numbers("time_of_day", "2024-05-01T00", "2024-05-01T06", "1969-07-20T18")
    np.testing.assert_allclose(found, [[0, 1, -1], [1, 0, 0]], atol=1e-6)


def test_position_on_the_grid() -> None:
    lat_sin, lat_cos, lon_sin, lon_cos = (
        np.asarray(c.values)[0, 0, 0] for c in computed_conditions("latlon", None, GLOBE, (9, 16))
    )
    latitude = np.deg2rad(GLOBE.coordinates((9, 16))["latitude"])
    np.testing.assert_allclose(lat_sin[:, 3], np.sin(latitude), atol=1e-6)
    np.testing.assert_allclose(lat_sin**2 + lat_cos**2, 1, atol=1e-6)
    np.testing.assert_allclose(lon_sin[2, [0, 4, 8, 12]], [0, 1, 0, -1], atol=1e-6)
    np.testing.assert_allclose(lon_cos[2, [0, 4, 8, 12]], [1, 0, -1, 0], atol=1e-6)


def test_frames_are_those_of_the_formula() -> None:
    data = with_computed(dated(), "solar")
    places = GLOBE.latitudes(9)[:, None], GLOBE.longitudes(16)
    expected = Solar().values(DATES.values, *places)[0]
    given = data.frames(slice(2, 7)).given(1, 1, steps=3)
    assert given is not None
    np.testing.assert_allclose(given[:, 0], expected[3:6], rtol=1e-6)
    np.testing.assert_allclose(given[:, 1], expected[4:7], rtol=1e-6)
    again = pickle.loads(pickle.dumps(data.conditions[0].values))
    np.testing.assert_array_equal(np.asarray(again), np.asarray(data.conditions[0].values))
    assert data.loaded().digest() == data.digest() != dated().digest()


def test_a_part_of_the_sphere_in_radians() -> None:
    unit = {"unit": "radians"}
    south, east = np.deg2rad(-60.0), np.deg2rad(90.0)
    latitude = replace(GLOBE.axes[0], start=south, length=-2 * south, **unit)
    longitude = replace(
        GLOBE.axes[1], start=0.0, length=east, boundary="open", layout="ends", **unit
    )
    part = Sphere((latitude, longitude))
    (one,) = computed_conditions("solar", DATES, part, (5, 4))
    (whole,) = computed_conditions("solar", DATES, Sphere.latlon(north_first=False), (7, 12))
    np.testing.assert_allclose(
        np.asarray(one.values)[0, :, 0], np.asarray(whole.values)[0, :, 0, 1:6, :4], rtol=1e-5
    )


def test_further_frames_than_the_data_have() -> None:
    data = with_computed(dated(), ["latlon", "solar"])
    longer = Times(START + np.arange(12) * np.timedelta64(6, "h"))
    expected = with_computed(dated(times=longer, frames=12), ["latlon", "solar"]).conditions
    for one, other in zip(up_to(data, 12), expected, strict=True):
        assert one.field == other.field
        np.testing.assert_array_equal(np.asarray(one.values), np.asarray(other.values))
    assert up_to(data, 8) is data.conditions


def test_frames_that_are_all_at_one_time_of_day_are_refused() -> None:
    daily = Times(START + np.arange(8) * np.timedelta64(24, "h"))
    with raises_input("field", "time_of_day_sin"):
        fit_conditions(with_computed(dated(times=daily), "time_of_day"))


@pytest.mark.parametrize("name", ["solar", "time_of_day", "day_of_year"])
@pytest.mark.parametrize(
    "times", [None, Times(np.arange(8.0), "h"), Times(np.arange(8).astype("timedelta64[h]"))]
)
def test_without_dates(name: str, times: Times | None) -> None:
    with raises_input("computed", name, "dates"):
        with_computed(dated(times=times), name)


@pytest.mark.parametrize(
    ("given", "key", "value"),
    [
        ("sun", "computed condition", "sun"),
        ({"name": "solar", "arguments": {"hours": 0}}, "hours", 0),
        ({"name": "solar", "arguments": {"hours": "long"}}, "computed.hours", "long"),
        ({"name": "solar", "arguments": {"days": 1}}, "computed condition", "solar"),
        (["solar", "solar"], "fields", "solar"),
    ],
)
def test_what_cannot_be_computed(given: Any, key: str, value: Any) -> None:
    with raises_input(key, value):
        with_computed(dated(), given)


@pytest.mark.parametrize("name", ["solar", "latlon"])
def test_a_plane_has_no_sun(name: str) -> None:
    with raises_input("computed", name, "latitude"):
        with_computed(evolution((9, 16), frames=8, times=DATES), name)
