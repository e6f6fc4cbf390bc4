"""Global latitude-longitude fields in NetCDF (ERA5 and its relatives), by name and never by position.

H. Hersbach et al., The ERA5 global reanalysis, Q. J. R. Meteorol. Soc. 146 (2020), doi:10.1002/qj.3803.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.data._hdf5 import one_line
from neurop.data.fieldset import Field, FieldSet
from neurop.errors import InputError, nearest
from neurop.physics.grid import Axis, Grid, Layout

_ALIASES = {
    "time": ("valid_time", "time"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon"),
    "level": ("pressure_level", "level", "isobaricInhPa"),
    "sample": ("number",),
}
_ENGINES = {b"\x89HDF": "h5netcdf", b"CDF\x01": "scipy", b"CDF\x02": "scipy"}


def read(path: str | Path, variables: Sequence[str] | None = None) -> FieldSet:
    """Read variables as an evolution on the sphere, latitude from 90 to -90, longitude from 0 (or the first point behind it) eastward.

    Parameters
    ----------
    path
        NetCDF-4 or NetCDF-3 file. Dimensions ``valid_time``/``time``, ``latitude``/``lat``, ``longitude``/``lon``, optionally
        a pressure level (one channel per level, ``z500``) and ``number`` (ensemble members become samples). A dimension
        ``expver`` is merged: final data (1), filled from preliminary data (5). Packed integers are unpacked.
    variables
        Names in the file; by default all variables on the grid and in time.

    Returns
    -------
    FieldSet
        Values ``(sample, time, channel, latitude, longitude)``, float32; times are ``datetime64[ns]``.

    Raises
    ------
    InputError
        If the file is not NetCDF, a variable or dimension is missing, the grid is not global and regular, the time step
        is not constant, or a value is not finite.
    """
    engine = _engine(Path(path))
    try:
        with xr.open_dataset(path, engine=engine, decode_timedelta=False) as data:
            return _fieldset(data, variables, str(path)).check_finite()
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: cannot be read as NetCDF ({one_line(error)[:160]}); download or write the file again") from error


def _engine(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path}: no such file; correct the path")
    with path.open("rb") as raw:
        start = raw.read(4)
    if start not in _ENGINES:
        remedy = "unpack the zip archive first" if start.startswith(b"PK") else "need NetCDF-4 or NetCDF-3"
        raise InputError(f"{path}: not a NetCDF file (it begins with {start!r}); {remedy}")
    return _ENGINES[start]


def _fieldset(data: xr.Dataset, variables: Sequence[str] | None, source: str) -> FieldSet:
    names = {alias: name for name, known in _ALIASES.items() for alias in known if alias in data.dims}
    data = data.drop_vars([name for name in names.values() if name in data.variables and name not in names]).rename(names)
    for name in ("time", "latitude", "longitude"):
        if name not in data.coords:
            raise InputError(f"{source}: no dimension {' or '.join(_ALIASES[name])}; it has {', '.join(map(str, data.dims))}")
    needed = {"time", "latitude", "longitude"}
    usable = [str(name) for name, array in data.data_vars.items() if needed.issubset(array.dims)]
    for name in variables or ():
        if name not in usable:
            raise InputError(f"{source}: no variable '{name}' in time, latitude and longitude; {nearest(name, usable)}")
    if not (chosen := list(variables or usable)):
        raise InputError(f"{source}: no variable in time, latitude and longitude; it has {', '.join(map(str, data.data_vars))}")
    times, order = _times(data["time"].values, source)
    grid, rows, columns = _grid(data, source)
    fields, channels = [], []
    for name in chosen:
        for suffix, array in _levels(_merged(data[name]), source):
            # (sample, time, latitude, longitude)
            values = array.transpose("sample", "time", "latitude", "longitude").values.astype(np.float32, copy=False)
            channels.append(reduce(_reordered, ((1, order), (2, rows), (3, columns)), values))
            fields.append(Field(name + suffix, str(array.attrs.get("units", "1")), str(array.attrs.get("long_name", ""))))
    kept = {key: str(data.attrs[key]) for key in ("title", "institution", "references", "license") if key in data.attrs}
    return FieldSet(np.stack(channels, axis=2), tuple(fields), grid, times=times, source=source, attributes=kept)


def _reordered(values: NDArray[Any], how: tuple[int, NDArray[np.intp]]) -> NDArray[Any]:
    axis, order = how
    in_order = np.array_equal(order, np.arange(values.shape[axis]))
    return values if in_order else values.take(order, axis)


def _merged(array: xr.DataArray) -> xr.DataArray:
    """Return the array without a dimension ``expver``: the lowest version, filled from the next."""
    if "expver" not in array.dims:
        return array
    order = np.argsort([int(v) for v in array["expver"].values]) if "expver" in array.coords else range(array.sizes["expver"])
    versions = [array.isel(expver=int(i)).reset_coords(drop=True) for i in order]
    merged = reduce(lambda first, second: first.where(first.notnull(), second), versions)
    return merged.assign_attrs(array.attrs)


def _levels(array: xr.DataArray, source: str) -> list[tuple[str, xr.DataArray]]:
    """Return one array per pressure level, each with a sample axis, and what to add to its name."""
    if "sample" not in array.dims:
        array = array.drop_vars("sample", errors="ignore").expand_dims("sample")
    if unknown := set(array.dims) - {"sample", "time", "latitude", "longitude", "level"}:
        raise InputError(f"{source}: variable '{array.name}' has the dimension '{min(map(str, unknown))}'; select one entry of it first")
    if "level" not in array.dims:
        return [("", array)]
    return [(f"{float(level):g}", array.isel(level=i)) for i, level in enumerate(array["level"].values)]


def _times(values: NDArray[Any], source: str) -> tuple[NDArray[np.datetime64], NDArray[np.intp]]:
    if not np.issubdtype(values.dtype, np.datetime64):
        raise InputError(f"{source}: time is {values.dtype}, not a date; give it units such as 'hours since 1900-01-01'")
    order = np.argsort(values, kind="stable")
    times = values[order].astype("datetime64[ns]")
    steps = np.diff(times)
    if len(steps) and (steps != steps[0]).any():
        at = int(np.argmax(steps != steps[0])) + 1
        hours = [step / np.timedelta64(1, "h") for step in (steps[0], steps[at - 1])]
        raise InputError(f"{source}: time step {hours[0]:g} h becomes {hours[1]:g} h at {times[at]:.16}; need one constant step")
    if len(steps) and steps[0] == np.timedelta64(0):
        raise InputError(f"{source}: time {times[0]:.16} occurs twice; remove the double entries")
    return times, order


def _grid(data: xr.Dataset, source: str) -> tuple[Grid, NDArray[np.intp], NDArray[np.intp]]:
    """Return the grid and the order of rows and columns that brings the file's values onto it."""
    latitude = data["latitude"].values.astype(np.float64)
    # Rounding first, or -1e-7 would become 360 and move to the other end.
    longitude = np.mod(np.round(data["longitude"].values.astype(np.float64), 5), 360.0)
    rows, (columns_at, columns) = np.argsort(-latitude), np.unique(longitude, return_index=True)
    east = Axis("longitude", "periodic", float(columns_at[0]), 360.0, "degrees_east")
    if not _lies_on(east, columns_at):
        raise InputError(f"{source}: {_range(longitude)} longitudes are no regular full circle; need a global regular grid")
    for layout in get_args(Layout):
        south = Axis("latitude", "open", 90.0, -180.0, "degrees_north", layout)
        if _lies_on(south, latitude[rows]):
            return Grid((south, east), "sphere"), rows, columns
    raise InputError(f"{source}: {_range(latitude)} latitudes are not regular from pole to pole; need a global regular grid")


def _range(points: NDArray[np.float64]) -> str:
    return f"{len(points)} ({points.min():g}..{points.max():g})"


def _lies_on(axis: Axis, points: NDArray[np.float64]) -> bool:
    # float32 coordinates are off by up to 2e-5 degrees.
    n = len(points)
    return n > 1 and bool(np.allclose(axis.coordinates(n), points, rtol=0, atol=min(1e-3, 0.01 * abs(axis.length) / n)))
