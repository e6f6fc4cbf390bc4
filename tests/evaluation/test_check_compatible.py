"""Data that do not suit a surrogate are refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from raising import raises_input

from neurop.evaluation.batches import check_compatible
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

Make = Callable[..., Any]


def weather(**changes: Any) -> FieldSet:
    times = np.datetime64("2026-02-01", "ns") + np.arange(4) * np.timedelta64(6, "h")
    data = FieldSet(
        np.zeros((1, 4, 1, 5, 8)),
        (Field("msl", "Pa"),),
        Grid.latlon(),
        times=Times(times),
        source="february.nc",
    )
    return replace(data, **changes)


BOX = Grid((Axis("latitude"), Axis("longitude")))


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"fields": (Field("t", "K"),)}, "fields", ["t"]),
        ({"fields": (Field("msl", "K"),)}, "unit", "K"),
        ({"fields": (Field("msl", ""),)}, "unit", ""),
        (
            {"grid": Grid.latlon(poles=False)},
            "grid",
            "sphere latitude (open, cells) x longitude (periodic, left)",
        ),
        ({"grid": BOX}, "grid", "flat latitude (periodic, left) x longitude (periodic, left)"),
        ({"grid": Grid.latlon(north_first=False)}, "axis", "latitude"),
        ({"times": Times(np.arange(4) * 12.0, "h")}, "step", 43200.0),
        ({"values": np.zeros((1, 2, 1, 5, 8)), "times": None}, "frames", 2),
        ({"values": np.zeros((0, 4, 1, 5, 8))}, "samples", 0),
        (
            {"targets": np.zeros((1, 1, 1, 5, 8)), "target_fields": (Field("u"),)},
            "data",
            "february.nc",
        ),
    ],
)
def test_what_does_not_suit_is_said(
    analytic: Make, changes: dict[str, Any], key: str, value: Any
) -> None:
    surrogate = analytic(lambda x: x, weather(), history=2, step=21600.0)
    check_compatible(surrogate, weather())
    check_compatible(surrogate, weather(times=Times(np.arange(4) * 6.0, "h")))
    with raises_input(key, value, "february.nc"):
        check_compatible(surrogate, weather(**changes))


@pytest.mark.parametrize("unit", ["Pa", "pascal", "N m-2", "kg m**-1 s**-2", "J/m3"])
def test_a_unit_in_another_spelling_is_the_same(analytic: Make, unit: str) -> None:
    data = weather(fields=(Field("msl", unit),))
    surrogate = analytic(lambda x: x, weather(), history=2, step=21600.0)
    assert check_compatible(surrogate, data).fields[0].name == "msl"
