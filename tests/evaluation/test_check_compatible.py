"""Data that do not suit a surrogate are refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible
from neurop.fields import Field, FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

Make = Callable[..., Any]


def weather(**changes: Any) -> FieldSet:
    times = np.datetime64("2026-02-01", "ns") + np.arange(4) * np.timedelta64(6, "h")
    data = FieldSet(
        np.zeros((1, 4, 1, 5, 8)),
        (Field("msl", "Pa"),),
        Grid.latlon(),
        times=times,
        source="february.nc",
    )
    return replace(data, **changes)


BOX = Grid((Axis("latitude"), Axis("longitude")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fields": (Field("t", "K"),)}, "takes msl, but february.nc holds t"),
        ({"fields": (Field("msl", "hPa"),)}, "works in 'Pa', february.nc is in 'hPa'; convert"),
        ({"grid": Grid.latlon(poles=False)}, "february.nc on sphere latitude .open, cells."),
        ({"grid": BOX}, "february.nc on flat"),
        (
            {"grid": Grid.latlon(north_first=False)},
            "runs from 90 to -90, that of february.nc from -90 to 90",
        ),
        (
            {"times": np.arange(4) * 12.0, "time_unit": "h"},
            "steps of 21600 s, the frames of february.nc are 43200 s apart",
        ),
        (
            {"values": np.zeros((1, 2, 1, 5, 8)), "times": None},
            "2 frames; a surrogate with history 2 needs at least 3",
        ),
        ({"values": np.zeros((0, 4, 1, 5, 8))}, "no samples"),
        (
            {"targets": np.zeros((1, 1, 1, 5, 8)), "target_fields": (Field("u"),)},
            "is an evolution in time, but february.nc holds a map",
        ),
    ],
)
def test_what_does_not_suit_is_said(analytic: Make, changes: dict[str, Any], message: str) -> None:
    surrogate = analytic(lambda x: x, weather(), history=2, step=21600.0)
    check_compatible(surrogate, weather())
    check_compatible(surrogate, weather(times=np.arange(4) * 6.0, time_unit="h"))
    with pytest.raises(InputError, match=message) as error:
        check_compatible(surrogate, weather(**changes))
    assert "\n" not in str(error.value)
