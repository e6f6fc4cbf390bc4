"""Times of predicted frames."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from raising import raises_input

from neurop.fields.clock import Clock, clock_of
from neurop.fields.times import Times


def test_numbers() -> None:
    times = Times(np.arange(3) * 0.5, "s")
    clock = clock_of(times, 0.5, "s", 2)
    assert clock is not None
    assert (clock.times(1, 2).values.tolist(), clock.times(1, 2).unit) == ([1.5, 2.0], "s")
    assert clock_of(times, None, "1") is None
    # A single frame may have been reached by any step; two must be one step apart.
    assert clock_of(times, 2.0, "s") is not None
    with raises_input("step", 0.5):
        clock_of(times, 2.0, "s", 2)
    without = clock_of(None, 0.5, "s", 2)
    assert without is not None
    assert without.times(1, 3).values.tolist() == [0.5, 1.0, 1.5]


def test_another_unit_of_time() -> None:
    clock = clock_of(Times(np.array([6.0, 12.0]), "h"), 21600.0, "s", 2)
    assert clock is not None
    assert clock.times(1, 2).values.tolist() == [18.0, 24.0]
    values, unit = clock.leads(1, 2)
    assert (values.tolist(), unit) == ([6.0, 12.0], "h")


class Day(datetime):
    """Stands for a date of cftime: it has a calendar, and adds a timedelta."""

    calendar = "standard"

    def __add__(self, other: timedelta) -> Day:
        made = datetime.__add__(self, other)
        return Day(made.year, made.month, made.day, made.hour)


def test_dates_of_another_calendar() -> None:
    given = np.array([Day(2001, 2, 27), Day(2001, 2, 28)], object)
    clock = clock_of(Times(given), 86400.0, "s", 2)
    assert clock is not None
    assert clock.times(1, 2).values.tolist() == [Day(2001, 3, 1), Day(2001, 3, 2)]
    with raises_input("step", 86400):
        clock_of(Times(given), 3600.0, "s", 2)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("2024-01-16T12", ["2024-02-16T12", "2024-03-16T12"]),
        ("2024-01-31", ["2024-02-29", "2024-03-31"]),
        ("2023-12-01", ["2024-01-01", "2024-02-01"]),
    ],
)
def test_months_of_dates(last: str, expected: list[str]) -> None:
    clock = clock_of(Times(np.array([last], "M8[ns]")), 1.0, "months")
    assert clock is not None
    np.testing.assert_array_equal(clock.times(1, 2).values, np.array(expected, "M8[ns]"))
    values, unit = clock.leads(2, 1)
    assert (values.tolist(), unit) == ([2.0], "months")


@pytest.mark.parametrize(
    ("times", "unit", "key", "value"),
    [
        (Times(np.array(["2024-01-01"], "M8[ns]")), "1", "time", "1"),
        (Times(np.arange(2.0), "turnovers"), "s", "time", "turnovers"),
        (Times(np.array(["a"], object)), "s", "time", "str"),
    ],
)
def test_what_cannot_be_counted(times: Times, unit: str, key: str, value: Any) -> None:
    with raises_input(key, value):
        clock_of(times, 1.0, unit)


def test_a_clock_is_exact_after_many_steps() -> None:
    clock = Clock(np.datetime64("2026-01-01", "ns"), np.timedelta64(6, "h"), "s", 21600.0, "s")
    assert clock.times(10_000, 1).values[0] == np.datetime64("2026-01-01") + np.timedelta64(
        2500, "D"
    )
