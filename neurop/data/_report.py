"""One array or axis of a data file, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Values looked at for missing ones; a larger field is looked at in evenly spaced slices of its first axis.
LOOK = 2**28


@dataclass(frozen=True)
class FieldReport:
    """One array: `shape` and `axes` in stored order; `missing` counts NaN, with the share looked at where it is not all."""

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    unit: str
    dtype: str
    missing: str


@dataclass(frozen=True)
class AxisReport:
    """One axis: number of points, ends and spacing of its coordinate; None or ``""`` for what the file does not say."""

    name: str
    points: int
    first: str = ""
    last: str = ""
    step: str = ""
    unit: str = ""
    boundary: str = ""


def unnamed(arrays: Mapping[str, NDArray[Any]]) -> Iterator[FieldReport]:
    """Report on arrays whose axes have no names."""
    for name, array in arrays.items():
        yield field_report(name, [f"axis {i}" for i in range(array.ndim)], array.shape, "", array)


def field_report(name: str, dims: list[str], shape: tuple[int, ...], unit: str, data: Any) -> FieldReport:
    """Report on an array-like with ``dtype``, ``shape`` and slices."""
    return FieldReport(name, tuple(dims), tuple(shape), unit, str(data.dtype), _missing(data))


def _missing(data: Any) -> str:
    if data.dtype.kind not in "fcM" or 0 in data.shape:
        return "0"
    if not data.shape:
        return str(int(np.isnan(data[()]) if data.dtype.kind != "M" else np.isnat(data.values)))
    empty = np.isnat if data.dtype.kind == "M" else np.isnan
    slices = data.shape[0]
    looked = min(slices, max(1, LOOK // math.prod(data.shape[1:])))
    count = sum(int(empty(np.asarray(data[int(i)])).sum()) for i in np.linspace(0, slices - 1, looked).astype(int))
    return str(count) if looked == slices else f"{count} in {looked} of {slices} slices"


def axis_report(name: str, values: NDArray[Any], unit: str, boundary: str = "") -> AxisReport:
    """Report on a coordinate; longitudes round the globe are periodic."""
    values = np.asarray(values)
    if values.dtype.kind not in "iufM" or values.ndim != 1 or not len(values):
        return AxisReport(name, int(values.shape[0]) if values.ndim else 1, unit=unit, boundary=boundary)
    if not boundary and _round_the_globe(name, values):
        boundary = "periodic"
    return AxisReport(name, len(values), _point(values[0]), _point(values[-1]), _step(values), unit, boundary)


def _round_the_globe(name: str, values: NDArray[Any]) -> bool:
    if not name.lower().startswith("lon") or len(values) < 2:
        return False
    return bool(abs(abs(float(values[-1] - values[0])) + abs(float(values[1] - values[0])) - 360.0) < 1e-3)


def _step(values: NDArray[Any]) -> str:
    if len(values) < 2:
        return ""
    steps = np.diff(values)
    if values.dtype.kind == "M":
        return str(steps[0].astype("timedelta64[s]").astype(object)) if (steps == steps[0]).all() else "uneven"
    steps = steps.astype(float)
    return f"{steps.mean():.6g}" if np.allclose(steps, steps.mean(), rtol=1e-3) else "uneven"


def _point(value: Any) -> str:
    return str(np.datetime_as_string(value, unit="m")) if np.asarray(value).dtype.kind == "M" else f"{float(value):.6g}"


def unit_of(item: Any) -> str:
    """Return the unit of an HDF5 item; ``""`` if it has none."""
    return text(item.attrs.get("units", ""))


def text(value: Any) -> str:
    """Return an attribute as plain text."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value.item() if isinstance(value, np.generic) else value)
