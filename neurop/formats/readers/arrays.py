"""Arrays without a known layout: ``.npy``, ``.npz`` and any HDF5 file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.formats.content import Array, Coordinate, FileContent, Metadata, Task, in_memory
from neurop.formats.hdf5 import is_scale, labels, one_line, scales, texts, to_plain
from neurop.formats.open_files import HDF5Part
from neurop.formats.standard_names import canonical

_AXES = ("dims", "axes", "dimensions", "_ARRAY_DIMENSIONS")

# What NetCDF writes for a dimension that has a length and no coordinate.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"


@dataclass(frozen=True)
class _Mapped:
    """Reader of slices of a ``.npy`` file."""

    path: str

    def __call__(self, where: tuple[slice, ...]) -> NDArray[Any]:
        return np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False)[where])


def npy_content(path: Path) -> FileContent:
    """Return the array of a ``.npy`` file, named like the file."""
    array = _real(np.load, path, mmap_mode="r")
    return FileContent(
        "numpy array",
        str(path),
        (Array(path.stem, _unnamed(array), array.shape, array.dtype, _Mapped(str(path))),),
    )


def npz_content(path: Path) -> FileContent:
    """Return the arrays of an ``.npz`` file."""
    with np.load(path, allow_pickle=False) as content:
        arrays = {name: _real(content.__getitem__, name) for name in content}
    lines = {
        canonical(name): Coordinate(a)
        for name, a in arrays.items()
        if a.ndim == 1 and a.dtype.kind in "fiu"
    }
    fields = [in_memory(name, _unnamed(a), a) for name, a in arrays.items()]
    return FileContent("numpy archive", str(path), tuple(fields), lines)


def hdf5_content(file: h5py.File, path: str) -> FileContent:
    """Return every data set of an HDF5 file.

    Axes are named by dimension scales, labels, or an attribute such as ``dims``.
    """
    found: dict[str, h5py.Dataset] = {}
    file.visititems(
        lambda name, item: found.__setitem__(name, item) if isinstance(item, h5py.Dataset) else None
    )
    arrays, lines = [], {}
    axes_by_name = {name: axes_of(data) for name, data in found.items()}
    used = {axis for axes in axes_by_name.values() for axis in axes} - {""}
    for name, data in found.items():
        axes, own = axes_by_name[name], canonical(name.split("/")[-1])
        if is_scale(data) and texts(data.attrs.get("NAME", ""))[0].startswith(_NO_VARIABLE):
            continue
        if data.ndim == 1 and (is_scale(data) or own in used):
            lines[own] = Coordinate(data[...], unit_of(data))
        elif data.shape and data.dtype.kind in "biuf":
            arrays.append(
                Array(
                    name,
                    axes,
                    data.shape,
                    data.dtype,
                    HDF5Part(path, name),
                    unit_of(data),
                    long_name_of(data),
                    (),
                    data.chunks,
                )
            )
    named = {axis for array in arrays for axis in array.axes}
    input = tuple(a.name for a in arrays) if _one_task(arrays) else ()
    attributes = {key: to_plain(value) for key, value in file.attrs.items() if np.ndim(value) == 0}
    parameters = {key: value for key, value in attributes.items() if isinstance(value, int | float)}
    facts = {key: str(value) for key, value in attributes.items()}
    return FileContent(
        "HDF5",
        path,
        tuple(arrays),
        {k: v for k, v in lines.items() if k in named},
        {},
        {},
        Task(input),
        Metadata(parameters, facts),
    )


def _one_task(arrays: list[Array]) -> bool:
    """Return whether all arrays are fields of one evolution."""
    return (
        len({a.axes for a in arrays}) == 1 and "" not in arrays[0].axes and "time" in arrays[0].axes
    )


def axes_of(data: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of the axes of a data set, ``""`` if the file gives none."""
    for key in _AXES:
        if key in data.attrs and len(names := texts(data.attrs[key])) == data.ndim:
            return tuple(canonical(name) for name in names)
    first = [
        next((item.name.rsplit("/", 1)[-1] for item in attached.values()), "")
        for attached in scales(data)
    ]
    return tuple(canonical(label or name) for label, name in zip(labels(data), first, strict=True))


def unit_of(data: h5py.Dataset) -> str:
    """Return the unit of an HDF5 item, ``""`` if none."""
    return (
        texts(data.attrs[key])[0]
        if (key := next((k for k in ("units", "unit") if k in data.attrs), ""))
        else ""
    )


def long_name_of(data: h5py.Dataset) -> str:
    """Return the long name of an HDF5 item, ``""`` if none."""
    return texts(data.attrs["long_name"])[0] if "long_name" in data.attrs else ""


def _unnamed(array: NDArray[Any]) -> tuple[str, ...]:
    return ("",) * array.ndim


def _real(read: Any, *args: Any, **how: Any) -> NDArray[Any]:
    try:
        array: NDArray[Any] = read(*args, **how)
    except ValueError as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise InputError(
                "contains Python objects, which could run code when read; save arrays of numbers"
            ) from error
        raise InputError(
            f"damaged or not readable ({one_line(error)[:120]}); write it again"
        ) from error
    return array
