"""Labelled arrays in and out: xarray.Dataset to FieldSet and back, by name and never by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.data.fieldset import Field, FieldSet
from neurop.errors import InputError, nearest
from neurop.physics.grid import Axis, Grid


def from_xarray(data: xr.Dataset, fields: Sequence[Field], grid: Grid) -> FieldSet:
    """Return fields of a dataset on a known grid, at any resolution.

    Parameters
    ----------
    data
        One variable per field, with the grid's axes and optionally ``sample`` and ``time`` as dimensions, in any order.
    fields
        Names and units that are expected.
    grid
        The grid; coordinates, where `data` has them, must be those of its axes.

    Raises
    ------
    InputError
        If a field or an axis is missing, a unit or coordinate differs, a dimension is unknown, or a value is not finite.
    """
    dims = ("sample", "time", *grid.names)
    columns = []
    for expected in fields:
        if expected.name not in data:
            raise InputError(f"no variable '{expected.name}' in the dataset; {nearest(expected.name, map(str, data.data_vars))}")
        one = data[expected.name]
        if (unit := one.attrs.get("units", expected.unit)) != expected.unit:
            raise InputError(f"'{expected.name}' is in '{unit}', the surrogate works in '{expected.unit}'; convert it")
        for name in grid.names:
            if name not in one.dims:
                raise InputError(f"'{expected.name}' has dimensions {', '.join(map(str, one.dims))}; {name} is missing")
        if extra := [str(d) for d in one.dims if d not in dims]:
            raise InputError(
                f"'{expected.name}' has a dimension '{extra[0]}'; only sample, time and {', '.join(grid.names)} have a meaning"
            )
        columns.append(one.expand_dims([d for d in dims if d not in one.dims]).transpose(*dims).values)
    for axis in grid.axes:
        if axis.name in data.coords:
            _same(axis, data[axis.name].values)
    times = data["time"].values if "time" in data.coords and data["time"].ndim == 1 else None
    unit = str(data["time"].attrs.get("units", "1")) if times is not None else "1"
    return FieldSet(np.stack(columns, axis=2), tuple(fields), grid, times=times, time_unit=unit, source="the dataset").check_finite()


def later(given: FieldSet, step: float | None, unit: str, steps: int) -> NDArray[Any] | None:
    """Return the times of the `steps` frames that follow; from 0 if the given frames have no times."""
    if step is None:
        return None
    ahead = np.arange(1, steps + 1)
    last = None if given.times is None else given.times[-1]
    if isinstance(last, np.datetime64):
        return last + ahead * np.timedelta64(round(step * 1e9), "ns")
    return (0.0 if last is None else float(last)) + ahead * step


def squeezed(made: xr.Dataset, given: xr.Dataset, keep_time: bool) -> xr.Dataset:
    """Return `made` without the dimensions that `given` did not have."""
    unwanted = [d for d in ("sample", "time") if d not in given.dims and not (d == "time" and keep_time)]
    made = made.isel(dict.fromkeys(unwanted, 0))
    return made.assign_coords(sample=given["sample"]) if "sample" in given.coords and "sample" in made.dims else made


def _same(axis: Axis, coordinates: NDArray[Any]) -> None:
    expected = axis.coordinates(len(coordinates))
    gap = abs(axis.length) / len(coordinates)
    if not np.allclose(coordinates, expected, rtol=0, atol=1e-3 * gap):
        raise InputError(
            f"axis {axis.name} runs {coordinates[0]:g}, {coordinates[1]:g}, ... {coordinates[-1]:g}; the surrogate needs "
            f"{expected[0]:g}, {expected[1]:g}, ... {expected[-1]:g}; sort, roll or interpolate the data"
        )
