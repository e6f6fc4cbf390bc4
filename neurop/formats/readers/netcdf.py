"""NetCDF files and Zarr stores: ERA5 old and new, cfgrib, WeatherBench 1 and 2, any CF data.

H. Hersbach et al., The ERA5 global reanalysis, Q. J. R. Meteorol. Soc. 146 (2020),
doi:10.1002/qj.3803; S. Rasp et al., WeatherBench 2, arXiv:2308.15560; https://cfconventions.org.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.cf import axes_of_dataset, axis_name, word
from neurop.fields.condition import Role
from neurop.fields.fieldset import FieldSet
from neurop.formats import zarr_store
from neurop.formats.assemble import assemble
from neurop.formats.choose import ReadOptions
from neurop.formats.content import LEADING, Array, Coordinate, FileContent, Metadata, Task
from neurop.formats.conventions.cf_dataset import (
    auxiliary,
    irregular_axes,
    line_of,
    scalars,
)
from neurop.formats.conventions.packing import unpack, unpacked_dtype
from neurop.formats.hdf5 import is_scale, one_line
from neurop.formats.hdf5_array import problem_of
from neurop.formats.open_files import handle

if TYPE_CHECKING:
    import xarray as xr

_ATTRIBUTES = ("title", "institution", "references", "license")


def read(
    path: str | Path,
    variables: Sequence[str] | None = None,
    conditions: Mapping[str, Role] | None = None,
) -> FieldSet:
    """Read variables as an evolution on the sphere.

    Latitudes run from 90 to -90, longitudes eastward from 0 or the first point after it.

    Parameters
    ----------
    path
        Path of a NetCDF file or Zarr store. Dimensions ``valid_time``/``time``,
        ``latitude``/``lat``, ``longitude``/``lon``, optionally a pressure level (one channel per
        level, ``z500``) and ``number`` (ensemble members become samples), or a lead time (each
        start of a forecast becomes a sample). A dimension ``expver`` is merged: final data (1),
        filled from preliminary data (5). Packed integers are unpacked.
    variables
        Names in the file; by default all variables on the grid and in time.
    conditions
        Roles of the variables that go in and are not predicted.

    Raises
    ------
    InputError
        If the file is damaged, a variable or dimension is missing, the grid is not regular, the
        time step is not constant, or a value is not finite.

    Examples
    --------
    >>> from neurop.datasets.era5 import SAMPLE
    >>> data = read(SAMPLE, ["msl"])
    >>> data.values.shape, data.fields[0].unit
    ((1, 360, 1, 73, 144), 'Pa')
    """
    from neurop.formats.detect import file_content as detected

    options = ReadOptions(input=tuple(variables or ()), conditions=conditions)
    return assemble(detected(path), options)


def hdf5_content(file: h5py.File, path: str) -> FileContent | None:
    """Return the content of a NetCDF-4 file; None for other HDF5."""
    if "_NCProperties" in file.attrs or any(
        "_Netcdf4Dimid" in item.attrs for item in file.values()
    ):
        data = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
        problems = {name: problem for name, item in data.items() if (problem := problem_of(item))}
        # The library reads coordinates when it opens the file.
        for name in problems:
            if is_scale(data[name]) and not _only_dimension(data[name]):
                raise InputError.in_file(path, f"'{name}' {problems[name]}")
        content = file_content(Path(path), problems)
        # Variables inside groups are read as those of any HDF5 file.
        return content if content.arrays else None
    return None


def _only_dimension(data: h5py.Dataset) -> bool:
    return word(data.attrs, "NAME").startswith("This is a netCDF dimension but not")


def file_content(path: Path, problems: Mapping[str, str] | None = None) -> FileContent:
    """Return the variables of a NetCDF file or a Zarr store.

    Variables without time on the same grid are static fields of the task; scalar ones are
    parameters of the file. Bounds, flags of quality and cell areas are neither.

    Parameters
    ----------
    path
        Path of the file or store.
    problems
        Variables whose values cannot be used, with the reason.
    """
    if path.is_dir():
        zarr_store.check_store(path)
        problems = zarr_store.unwritten(path)
    data = handle(str(path), "xarray", opened)
    axes = axes_of_dataset(data)
    # A store without an index lists its arrays in another order each time; the order is that of the
    # channels.
    variables = sorted(data.data_vars.items()) if path.is_dir() else list(data.data_vars.items())
    arrays = [
        _array(data, str(name), axes, str(path), (problems or {}).get(str(name), ""))
        for name, v in variables
        if v.dtype.kind in "biuf" and v.ndim
    ]
    lines = {axes[str(dim)]: line_of(data[dim]) for dim in data.dims if dim in data.coords}
    if "time" not in axes.values():
        lines |= _single_time(data)
    about = auxiliary(data)
    fields = [a for a in arrays if a.name not in about]
    # Bounds of the times and the like have fewer axes than the fields.
    widest = max((_space(a) for a in fields), key=len, default=set())
    complete = [a for a in fields if {"latitude", "longitude"} <= set(a.axes)] or [
        a for a in fields if _space(a) == widest
    ]
    moving = tuple(a.name for a in complete if "time" in a.axes)
    still = tuple(
        a.name for a in complete if moving and not {"time", "level", "channel"} & set(a.axes)
    )
    facts = {
        str(k): str(v)
        for k, v in data.attrs.items()
        if k in (*_ATTRIBUTES, "Conventions", "source")
    }
    kind = "Zarr" if path.is_dir() else "NetCDF 3" if _engine(path) == "scipy" else "NetCDF 4"
    attributes: dict[str, Any] = {k: str(data.attrs[k]) for k in _ATTRIBUTES if k in data.attrs}
    return FileContent(
        kind,
        str(path),
        tuple(arrays),
        lines,
        task=Task(moving, conditions=still),
        metadata=Metadata(attributes | scalars(data), facts, irregular_axes(data, axes)),
    )


def _single_time(data: xr.Dataset) -> dict[str, Coordinate]:
    """Return the time of a file of one frame, which is a scalar coordinate."""
    import xarray as xr

    found = [
        line_of(xr.DataArray(coordinate.values.reshape(1), dims="time", attrs=coordinate.attrs))
        for name, coordinate in data.coords.items()
        if not coordinate.ndim and axis_name(str(name), coordinate.attrs) == "time"
    ]
    return {"time": found[0]} if found else {}


def _space(array: Array) -> set[str]:
    return set(array.axes) - set(LEADING)


def _array(data: xr.Dataset, name: str, axes: dict[str, str], path: str, problem: str) -> Array:
    variable = data[name]
    versions: tuple[int, ...] = ()
    if "expver" in variable.dims:
        count = variable.sizes["expver"]
        named = (
            [int(v) for v in data["expver"].values]
            if "expver" in data.coords
            else list(range(count))
        )
        versions = tuple(int(i) for i in np.argsort(named))
    dims = [d for d in variable.dims if d != "expver"]
    chunks = variable.encoding.get("chunksizes") or variable.encoding.get("chunks")
    chunks = (
        tuple(n for n, d in zip(chunks, variable.dims) if d != "expver")
        if chunks and len(chunks) == variable.ndim
        else None
    )
    return Array(
        name,
        tuple(axes[str(d)] for d in dims),
        tuple(variable.sizes[d] for d in dims),
        unpacked_dtype(variable.dtype, variable.attrs),
        _Part(path, name, tuple(map(str, dims)), versions, problem),
        str(variable.attrs.get("units", "")),
        str(variable.attrs.get("long_name", "")),
        chunks=chunks,
    )


@dataclass(frozen=True)
class _Part:
    """Reader of slices of one variable; of several versions the first, filled from the next."""

    path: str
    name: str
    dims: tuple[str, ...]
    versions: tuple[int, ...]
    problem: str = ""

    def __call__(self, where: tuple[slice, ...]) -> NDArray[Any]:
        try:
            part = handle(self.path, "xarray", opened)[self.name].isel(
                dict(zip(self.dims, where, strict=True))
            )
            if not self.versions:
                return unpack(np.asarray(part.values), part.attrs)
            found = unpack(np.asarray(part.isel(expver=self.versions[0]).values), part.attrs)
            for version in self.versions[1:]:
                other = unpack(np.asarray(part.isel(expver=version).values), part.attrs)
                found = np.where(np.isnan(found), other, found)
            return found
        except InputError as error:
            raise InputError.in_file(self.path, f"'{self.name}': {error}") from error
        except Exception as error:  # the library raises many types for a damaged file
            raise InputError.in_file(
                self.path,
                f"damaged, '{self.name}' cannot be read ({one_line(error)[:120]}); write it again",
            ) from error


def opened(path: str) -> xr.Dataset:
    """Return a file or store, with values and times as they are stored."""
    import xarray  # takes longer than to read most files, so only where it is needed

    # Without a cache: values are read once, and would stay in memory.
    store = Path(path)
    how: dict[str, Any] = {"consolidated": zarr_store.has_index(store)} if store.is_dir() else {}
    how |= {"mask_and_scale": False, "decode_times": False, "decode_timedelta": False}
    return xarray.open_dataset(path, engine=_engine(store), cache=False, **how)


def _engine(path: Path) -> str:
    if path.is_dir():
        return "zarr"
    with path.open("rb") as raw:
        return "scipy" if raw.read(3) == b"CDF" else "h5netcdf"
