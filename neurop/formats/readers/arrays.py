"""Arrays without a known layout: ``.npy``, ``.npz`` and any HDF5 file."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.cf import axis_name, irregular, is_position, word
from neurop.fields.standard_names import canonical
from neurop.formats.content import Array, Coordinate, FileContent, Metadata, Task, in_memory
from neurop.formats.hdf5 import is_scale, labels, one_line, scales, texts, to_plain
from neurop.formats.hdf5_array import coordinate_of, hdf5_array
from neurop.memory import check_fits

_POINTS = ("x", "y", "z", "r", "time", "latitude", "longitude", "level", "theta", "phi")
"""Names of coordinates where nothing else tells them from fields."""

_FOLDERS = ("grid", "coordinates", "coords", "axes", "dimensions", "mesh")
"""Names of groups of coordinates."""

_SUFFIX = re.compile(r"[-_]?(coordinates?|coords?|points|grid|axis)$")

_IN_PARTS = "write them as .npy or HDF5 files, which are read in parts"

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


def one_name(contents: Sequence[FileContent]) -> list[FileContent]:
    """Return contents whose only arrays have one name, where each had that of its ``.npy`` file.

    The name is the common beginning of the files' names without digits, else ``u``.

    Examples
    --------
    >>> files = [f"run_{i}" for i in range(2)]
    >>> arrays = [in_memory(name, ("",), np.zeros(3)) for name in files]
    >>> made = one_name([FileContent("numpy array", f, (a,)) for f, a in zip(files, arrays)])
    >>> [content.names() for content in made]
    [['run'], ['run']]
    """
    single = len(contents) > 1 and all(c.format == "numpy array" for c in contents)
    if not single or len({c.names()[0] for c in contents}) == 1:
        return list(contents)
    names = [c.names()[0] for c in contents]
    same = [len(set(column)) == 1 for column in zip(*names, strict=False)]
    common = names[0][: [*same, False].index(False)]
    name = common.rstrip("0123456789_-. ") or "u"
    return [replace(c, arrays=(replace(c.arrays[0], name=name),)) for c in contents]


def npz_content(path: Path) -> FileContent:
    """Return the arrays of an ``.npz`` file; axes have the names of coordinates of their length."""
    _check_archive(path)
    with np.load(path, allow_pickle=False) as content:
        arrays = {name: _real(content.__getitem__, name) for name in content}
    lines = {
        canonical(name): Coordinate(a)
        for name, a in arrays.items()
        if a.ndim == 1 and a.dtype.kind in "fiu"
    }
    shapes = [a.shape for a in arrays.values()]
    points = {name for name, a in arrays.items() if is_coordinate(name, a.shape, shapes)}
    known = {coordinate_name(name): Coordinate(arrays[name]) for name in points}
    fields = [
        in_memory(name, by_length(a.shape, known), a)
        for name, a in arrays.items()
        if name not in points
    ]
    return FileContent("numpy archive", str(path), tuple(fields), lines | known)


def _check_archive(path: Path) -> None:
    """Raise InputError if the arrays do not fit into the memory, or are shorter than they say.

    They are read at once: a file of zeros is a thousandth of its content.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        whole = sum(member.file_size for member in members)
        check_fits("its arrays together", whole, _IN_PARTS, path)
        for member in members:
            with archive.open(member) as file:
                if np.lib.format.read_magic(file) == (1, 0):
                    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                else:
                    shape, _, dtype = np.lib.format.read_array_header_2_0(file)
                size = math.prod(shape) * dtype.itemsize
                if not dtype.hasobject and size > member.file_size:
                    raise InputError(
                        f"damaged, '{member.filename}' has shape {shape}, {size} bytes, and "
                        f"{member.file_size} bytes in the archive; write or download it again"
                    )


def hdf5_content(file: h5py.File, path: str) -> FileContent:
    """Return every data set of an HDF5 file.

    Axes are named by dimension scales, labels, an attribute such as ``dims``, or else by the only
    coordinate of their length.
    """
    found: dict[str, h5py.Dataset] = {}
    file.visititems(
        lambda name, item: found.__setitem__(name, item) if isinstance(item, h5py.Dataset) else None
    )
    axes_by_name = {name: axes_of(data) for name, data in found.items()}
    if any({"latitude", "longitude"} <= set(axes) for axes in axes_by_name.values()):
        axes_by_name = {name: axes_of(data, globe=True) for name, data in found.items()}
    used = {axis for axes in axes_by_name.values() for axis in axes} - {""}
    shapes = [data.shape for data in found.values()]
    fields, lines = {}, {}
    for name, data in found.items():
        own = axis_name(coordinate_name(name), data.attrs, globe="latitude" in used)
        if is_scale(data) and word(data.attrs, "NAME").startswith(_NO_VARIABLE):
            continue
        named = data.ndim == 1 and (is_scale(data) or own in used)
        free = axes_by_name[name] in (("",), (own,)) and data.dtype.kind in "iuf"
        if named or (free and is_coordinate(name, data.shape, shapes)):
            lines[own] = coordinate_of(data)
        elif data.shape and data.dtype.kind in "biuf":
            fields[name] = data
    arrays = []
    for name, data in fields.items():
        axes = axes_by_name[name]
        named = axes if any(axes) else by_length(data.shape, lines)
        arrays.append(hdf5_array(data, path, named))
    attributes = {key: to_plain(value) for key, value in file.attrs.items() if np.ndim(value) == 0}
    parameters = {key: value for key, value in attributes.items() if isinstance(value, int | float)}
    parameters |= {
        name: float(data[()])
        for name, data in found.items()
        if not data.shape and data.dtype.kind in "iuf"
    }
    facts = {key: str(value) for key, value in attributes.items()}
    return FileContent(
        "HDF5",
        path,
        tuple(arrays),
        lines,
        {},
        {},
        Task(tuple(a.name for a in arrays) if _one_task(arrays) else ()),
        Metadata(parameters, facts, _irregular(fields, axes_by_name)),
    )


def _irregular(
    fields: Mapping[str, h5py.Dataset], axes: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """Return the axes along which latitude and longitude do not make a grid, with the reason."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for name, data in fields.items():
        if position := is_position(name.split("/")[-1], data.attrs):
            found.setdefault(axes[name], {})[position] = name
    return irregular(found)


def _one_task(arrays: list[Array]) -> bool:
    """Return whether all arrays are fields of one evolution."""
    return (
        len({a.axes for a in arrays}) == 1 and "" not in arrays[0].axes and "time" in arrays[0].axes
    )


def axes_of(data: h5py.Dataset, globe: bool = False) -> tuple[str, ...]:
    """Return the names of the axes of a data set, ``""`` if the file gives none."""
    for key in _AXES:
        if key in data.attrs and len(names := texts(data.attrs[key])) == data.ndim:
            return tuple(canonical(name) for name in names)
    first = [next(iter(attached.values()), None) for attached in scales(data)]
    names = [
        label or ("" if scale is None else scale.name.rsplit("/", 1)[-1])
        for label, scale in zip(labels(data), first, strict=True)
    ]
    return tuple(
        axis_name(name, {} if scale is None else scale.attrs, globe) if name else ""
        for name, scale in zip(names, first, strict=True)
    )


def coordinate_name(name: str) -> str:
    """Return the axis of an array that may be a coordinate: ``grid/x`` and ``x_coords`` are of x.

    Examples
    --------
    >>> coordinate_name("grid/t"), coordinate_name("x-coordinate")
    ('time', 'x')
    """
    return canonical(_SUFFIX.sub("", name.split("/")[-1]))


def is_coordinate(name: str, shape: tuple[int, ...], shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether an array is a coordinate by its name, and has the length of an axis."""
    folder, _, _ = name.rpartition("/")
    named = coordinate_name(name) in _POINTS or folder.split("/")[-1].lower() in _FOLDERS
    return named and len(shape) == 1 and any(shape[0] in s for s in shapes if len(s) > 1)


def by_length(shape: tuple[int, ...], lines: Mapping[str, Coordinate]) -> tuple[str, ...]:
    """Return for each axis the only coordinate of its length, else ``""``.

    Examples
    --------
    >>> by_length((8, 3, 5), {"x": Coordinate(np.arange(5.0)), "time": Coordinate(np.arange(3.0))})
    ('', 'time', 'x')
    """
    names = []
    for n in shape:
        fit = [name for name, line in lines.items() if len(line.values) == n]
        names.append(fit[0] if len(fit) == 1 and shape.count(n) == 1 else "")
    return tuple(names)


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
