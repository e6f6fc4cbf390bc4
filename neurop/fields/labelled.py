"""Conversion between xarray.Dataset and FieldSet, by names of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.fields.units import converted
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid


def from_xarray(data: xr.Dataset, fields: Sequence[Field], grid: Grid) -> FieldSet:
    """Return fields of a dataset on a known grid, at any resolution.

    Parameters
    ----------
    data
        Dataset with one variable per field. Its dimensions, in any order, are the axes of the grid
        and optionally ``sample`` and ``time``; along one of these that only other variables have, a
        variable is constant.
    fields
        Expected names and units; values in another unit of the same quantity are converted.
    grid
        Grid of the fields; coordinates in `data` must be those of its axes.

    Raises
    ------
    InputError
        If a field or an axis is missing, a unit does not convert, a coordinate differs, or a
        dimension is unknown.

    Examples
    --------
    >>> data = xr.Dataset({"u": ("x", np.zeros(8), {"units": "m s-1"})})
    >>> from_xarray(data, (Field("u", "m s-1"),), Grid.periodic(1)).values.shape
    (1, 1, 1, 8)
    """
    dims = ("sample", "time", *grid.names)
    for expected in fields:
        if expected.name not in data:
            raise InputError(
                f"no variable '{expected.name}' in the dataset; "
                f"{nearest(expected.name, map(str, data.data_vars))}",
                "fields",
                expected.name,
            )
        one = data[expected.name]
        for name in grid.names:
            if name not in one.dims:
                raise InputError(
                    f"'{expected.name}' has dimensions {', '.join(map(str, one.dims))}; {name} is "
                    "missing",
                    "axes",
                    name,
                )
        if extra := [str(d) for d in one.dims if d not in dims]:
            raise InputError(
                f"'{expected.name}' has a dimension '{extra[0]}'; only sample, time and "
                f"{', '.join(grid.names)} have a meaning",
                "axes",
                extra[0],
            )
    for axis in grid.axes:
        if axis.name in data.coords:
            check_axis(axis, data[axis.name].values)
    together = xr.broadcast(*(data[expected.name] for expected in fields))
    columns = [
        in_unit(one, expected)
        .expand_dims([d for d in dims if d not in one.dims])
        .transpose(*dims)
        .values
        for one, expected in zip(together, fields, strict=True)
    ]
    values = np.stack(columns, axis=2)
    times = None
    if "time" in together[0].coords:
        unit = str(data["time"].attrs.get("units", "")).split(" since ")[0]
        times = Times(np.atleast_1d(data["time"].values), unit)
    # NetCDF-3 stores big-endian numbers.
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    return FieldSet(values, tuple(fields), grid, times=times, source="the dataset")


def in_unit(given: xr.DataArray, field: Field) -> xr.DataArray:
    """Return an array in the unit of a field; without ``units`` it is taken to be in that unit.

    Raises
    ------
    InputError
        If its unit is of another quantity, or unknown.

    Examples
    --------
    >>> in_unit(xr.DataArray(20.0, attrs={"units": "degC"}), Field("t", "K")).item()
    293.15
    """
    unit = str(given.attrs.get("units", field.unit))
    values = converted(given.values, unit, field.unit)
    if values is None:
        raise InputError(
            f"'{field.name}' is in '{unit}', the surrogate works in '{field.unit}'; convert it",
            "unit",
            unit,
        )
    return given.copy(data=values).assign_attrs(units=field.unit)


def squeezed(made: xr.Dataset, given: xr.Dataset, keep_time: bool) -> xr.Dataset:
    """Return `made` on the coordinates of `given`, without the dimensions that `given` lacks."""
    unwanted = [
        d
        for d in ("sample", "time")
        if d in made.dims and d not in given.dims and not (d == "time" and keep_time)
    ]
    made = made.isel(dict.fromkeys(unwanted, 0))
    # Coordinates that differ by rounding would not align: a difference of the two would be empty.
    names = [d for d in made.dims if d != "time" and d in given.coords and given[d].dims == (d,)]
    return made.assign_coords(
        {d: (d, given[d].values, given[d].attrs or made[d].attrs) for d in names}
    )


def check_axis(axis: Axis, coordinates: NDArray[Any]) -> None:
    """Raise InputError unless coordinates are those of an axis, to a thousandth of its spacing."""
    found, expected = np.ravel(coordinates), axis.coordinates(coordinates.size)
    gap = abs(axis.length) / coordinates.size
    if not np.allclose(found, expected, rtol=0, atol=1e-3 * gap):
        raise InputError(
            f"axis {axis.name} runs {_ends(found)}; the surrogate needs {_ends(expected)}; sort, "
            "roll or interpolate the data",
            "axes",
            axis.name,
        )


def _ends(points: NDArray[Any]) -> str:
    return (
        ", ".join(f"{p:g}" for p in points)
        if points.size < 4
        else f"{points[0]:g}, {points[1]:g}, ... {points[-1]:g}"
    )
