"""Times of any calendar are dates or exact numbers; rounded steps are equal."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurop.datasets.file import File
from neurop.fields.fieldset import FieldSet
from neurop.formats.conventions.calendars import decode_times, shifted

LATITUDE, LONGITUDE = np.linspace(90, -90, 5), np.arange(8) * 45.0


def written(path: Path, times: np.ndarray, **about: Any) -> str:
    n = len(times)
    values = np.random.default_rng(n).normal(size=(n, 5, 8)).astype("f4")
    coords = {"time": ("time", times, about), "latitude": LATITUDE, "longitude": LONGITUDE}
    data = xr.Dataset({"t2m": (("time", "latitude", "longitude"), values)}, coords)
    data.to_netcdf(path, engine="h5netcdf")
    return str(path)


def read(*paths: str) -> FieldSet:
    return File(list(paths))._all


@pytest.mark.parametrize(
    ("times", "unit", "calendar", "expected", "origin"),
    [
        (55 + np.arange(4.0), "days since 2001-01-01", "noleap", "days", "2001-01-01 noleap"),
        (np.arange(4.0), "days since 2001-02-28", "360_day", "days", "2001-02-28 360_day"),
        (np.arange(4.0), "months since 1990-01-01", "", "months", "1990-01-01 standard"),
        (np.arange(4.0), "days since 0001-01-01", "", "days", "0001-01-01 standard"),
        (6 * np.arange(4), "hours since 1-1-1 00:00:0.0", "julian", "hours", "0001-01-01 julian"),
    ],
)
def test_what_is_no_date_is_a_number_in_its_unit(
    times: np.ndarray, unit: str, calendar: str, expected: str, origin: str, tmp_path: Path
) -> None:
    about = {"units": unit} | ({"calendar": calendar} if calendar else {})
    made = read(written(tmp_path / "a.nc", times, **about))
    assert made.times is not None
    np.testing.assert_array_equal(made.times.values, times)
    assert (made.time_unit, made.attributes["time_origin"]) == (expected, origin)


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("minutes", [10, 20, 5])
def test_steps_that_a_float_cannot_hold_are_equal(kind: str, minutes: int) -> None:
    stored = (np.arange(200) * minutes / 60).astype(kind)
    found = decode_times(stored, "hours since 2020-01-01").values
    steps = np.diff(found)
    assert set(steps.tolist()) == {minutes * 60 * 10**9}
    assert found[0] == np.datetime64("2020-01-01")


def test_ten_minutes_in_hours_are_read(tmp_path: Path) -> None:
    made = read(written(tmp_path / "a.nc", np.arange(24) / 6, units="hours since 2020-01-01"))
    assert made.step == np.timedelta64(10, "m")


def test_a_gap_is_not_rounding() -> None:
    stored = np.array([0.0, 1.0, 2.0, 4.0])
    found = decode_times(stored, "hours since 2020-01-01").values
    assert len(set(np.diff(found).tolist())) == 2


def test_monthly_means_are_counted_in_months(tmp_path: Path) -> None:
    days = np.array([15.5, 45.0, 74.5, 105.0, 135.5, 166.0])
    for calendar in ("standard", "noleap"):
        path = tmp_path / f"{calendar}.nc"
        made = read(written(path, days, units="days since 2001-01-01", calendar=calendar))
        assert made.times is not None
        np.testing.assert_array_equal(made.times.values, 12 * 2001 + np.arange(6))
        assert (made.time_unit, made.step) == ("months", 1.0)


def test_files_of_one_calendar_are_one_record(tmp_path: Path) -> None:
    about = {"calendar": "noleap"}
    one = written(tmp_path / "b.nc", np.arange(4.0), units="days since 2004-02-27", **about)
    two = written(tmp_path / "a.nc", np.arange(3.0), units="days since 2004-03-03", **about)
    made = read(two, one)
    assert made.times is not None
    assert made.values.shape[:2] == (1, 7)  # 29 February does not exist
    np.testing.assert_array_equal(np.diff(made.times.values), 1.0)
    np.testing.assert_array_equal(made.values[:, :4], read(one).values)


def test_a_last_file_of_one_frame_is_joined(tmp_path: Path) -> None:
    first = written(tmp_path / "a.nc", np.arange(5) / 3, units="hours since 2020-01-01")
    last = written(tmp_path / "b.nc", np.array([5 / 3]), units="hours since 2020-01-01")
    assert read(first, last).values.shape[:2] == (1, 6)


def test_files_of_the_same_dates_are_members(tmp_path: Path) -> None:
    for i in range(3):
        written(tmp_path / f"{i}.nc", np.arange(4.0), units="hours since 2020-01-01")
    assert File(str(tmp_path / "*.nc"))._all.values.shape[:2] == (3, 4)


def test_shifts_follow_the_calendar() -> None:
    zero = np.zeros(1)
    for one, two, unit, expected in (
        ("2004-03-01 noleap", "2004-02-28 noleap", "days", 1),
        ("2004-03-01 all_leap", "2003-02-28 all_leap", "days", 368),
        ("2004-03-01 360_day", "2003-03-01 360_day", "hours", 8640),
        ("2004-03-01 standard", "2004-02-28 standard", "days", 2),
        ("2004-03-01 noleap", "2003-12-01 noleap", "months", 3),
    ):
        found = shifted(zero, unit, one, two)
        assert found is not None
        assert found[0] == expected
    assert shifted(zero, "days", "2004-03-01 noleap", "2004-03-01 360_day") is None
