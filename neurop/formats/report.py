"""Summaries of one array or axis of a data file, for reports."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.condition import Condition
from neurop.fields.lazy import blocks
from neurop.formats.content import Array
from neurop.memory import check_fits

# Values searched for missing ones; in a larger field, evenly spaced slices of the first axis.
LOOK = 2**28


@dataclass(frozen=True)
class FieldReport:
    """One array: `shape` and `axes` in stored order; `missing` counts NaN.

    If not all slices were searched, `missing` has their number too.
    """

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    unit: str
    dtype: str
    missing: str


@dataclass(frozen=True)
class AxisReport:
    """One axis: number of points, ends and spacing of its coordinate; ``""`` if unknown."""

    name: str
    points: int
    first: str = ""
    last: str = ""
    step: str = ""
    unit: str = ""
    boundary: str = ""


@dataclass(frozen=True)
class ConditionReport:
    """One condition: its role, and its smallest and largest value."""

    name: str
    role: str
    unit: str
    low: str
    high: str


def condition_report(one: Condition) -> ConditionReport:
    """Return the report of a condition; missing values are not counted."""
    low, high = np.inf, -np.inf
    for _, _, block in blocks(one.values):
        if (known := block[np.isfinite(block)]).size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    ends = [f"{v:.6g}" if np.isfinite(v) else "" for v in (low, high)]
    return ConditionReport(one.field.name, one.role, one.field.unit, *ends)


def missing(array: Array) -> str:
    """Return the number of missing values (NaN)."""
    if array.dtype.kind != "f" or 0 in array.shape:
        return "0"
    if not array.shape:
        return str(int(np.isnan(array.fetch(())).sum()))
    # Slices of one first axis would be whole arrays if it has length 1.
    lead = next((i for i, n in enumerate(array.shape) if n > 1), 0)
    slices, each = array.shape[lead], math.prod(array.shape[lead + 1 :])
    looked = min(slices, max(1, LOOK // max(each, 1)))
    before, after = (
        tuple(slice(0, n) for n in part) for part in (array.shape[:lead], array.shape[lead + 1 :])
    )
    check_fits(f"a slice of '{array.name}'", each * array.dtype.itemsize, "use a coarser grid")
    count = 0
    for first, last in _stretches(
        np.linspace(0, slices - 1, looked).astype(int), LOOK // 64 // max(each, 1)
    ):
        count += int(np.isnan(array.fetch((*before, slice(first, last), *after))).sum())
    return str(count) if looked == slices else f"{count} in {looked} of {slices} slices"


def _stretches(numbers: NDArray[np.intp], most: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of runs of consecutive numbers, of length `most` (or 1) at most."""
    first = last = int(numbers[0])
    for number in [*map(int, numbers[1:]), -1]:
        if number != last + 1 or last + 1 - first >= max(most, 1):
            yield first, last + 1
            first = number
        last = number


def axis_report(name: str, values: NDArray[Any], unit: str, boundary: str = "") -> AxisReport:
    """Return the report of a coordinate; longitudes around the globe are periodic."""
    values = np.asarray(values)
    if values.dtype.kind not in "iufM" or values.ndim != 1 or not len(values):
        return AxisReport(
            name, int(values.shape[0]) if values.ndim else 1, unit=unit, boundary=boundary
        )
    if not boundary and _round_the_globe(name, values):
        boundary = "periodic"
    return AxisReport(
        name, len(values), _point(values[0]), _point(values[-1]), _step(values), unit, boundary
    )


def _round_the_globe(name: str, values: NDArray[Any]) -> bool:
    if not name.lower().startswith("lon") or len(values) < 2:
        return False
    return bool(
        abs(abs(float(values[-1] - values[0])) + abs(float(values[1] - values[0])) - 360.0) < 1e-3
    )


def _step(values: NDArray[Any]) -> str:
    if len(values) < 2:
        return ""
    steps = np.diff(values)
    if values.dtype.kind == "M":
        return (
            str(steps[0].astype("timedelta64[s]").astype(object))
            if (steps == steps[0]).all()
            else "uneven"
        )
    steps = steps.astype(float)
    return f"{steps.mean():.6g}" if np.allclose(steps, steps.mean(), rtol=1e-3) else "uneven"


def _point(value: Any) -> str:
    return (
        str(np.datetime_as_string(value, unit="m"))
        if np.asarray(value).dtype.kind == "M"
        else f"{float(value):.6g}"
    )
