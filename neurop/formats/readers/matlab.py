"""MATLAB files, version 5 and 7.3: those of the FNO and PINO papers, and others with coordinates.

Li et al., Fourier neural operator for parametric PDEs, arXiv:2010.08895; Li et al.,
Physics-informed neural operator, arXiv:2111.03794.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurop.errors import InputError
from neurop.fields.standard_names import canonical
from neurop.formats.content import Array, Coordinate, FileContent, Metadata, Task, in_memory
from neurop.formats.hdf5 import texts
from neurop.formats.hdf5_array import hdf5_array
from neurop.formats.readers.arrays import by_length
from neurop.memory import check_fits

_BYTES = {"double": 8, "single": 4, "logical": 1} | {
    f"{sign}int{8 * size}": size for sign in ("", "u") for size in (1, 2, 4, 8)
}
"""Bytes of a number of each class; cells, structures and text are not read."""


def file_content(path: Path) -> FileContent:
    """Return the arrays of a file of version 5 (or 4)."""
    from scipy.io import loadmat, whosmat

    listed = [(name, shape, _BYTES[kind]) for name, shape, kind in whosmat(path) if kind in _BYTES]
    whole = sum(math.prod(shape) * size for _, shape, size in listed)
    # They are read at once, whatever their size in the file: it may be compressed.
    remedy = "save it with -v7.3, which is read in parts"
    check_fits("its arrays together", whole, remedy, path)
    found = loadmat(path, variable_names=[name for name, _, _ in listed])
    arrays = {
        name: in_memory(name, ("",) * value.ndim, value)
        for name, value in found.items()
        if not name.startswith("__") and _is_numeric(value)
    }
    return _content(arrays, str(path), "MATLAB 5")


def hdf5_content(file: h5py.File, path: str) -> FileContent | None:
    """Return the arrays of a file of version 7.3, HDF5 in Fortran order; None for other HDF5."""
    with open(path, "rb") as raw:
        if not raw.read(128).startswith(b"MATLAB 7.3"):
            return None
    arrays = {}
    for name, data in file.items():
        if (
            isinstance(data, h5py.Dataset)
            and data.dtype.kind in "biuf"
            and data.ndim
            and not _is_other(data)
        ):
            arrays[name] = hdf5_array(data, path, ("",) * data.ndim, reverse=True)
    return _content(arrays, path, "MATLAB 7.3")


def _is_other(data: h5py.Dataset) -> bool:
    """Return whether the numbers encode characters, cells, or the shape of an empty array."""
    return "MATLAB_empty" in data.attrs or texts(data.attrs.get("MATLAB_class", ""))[0] in (
        "char",
        "cell",
        "struct",
        "function_handle",
    )


def _is_numeric(value: Any) -> bool:
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind in "biuf"
        and value.ndim > 0
        and value.size > 0
    )


def _content(arrays: Mapping[str, Array], path: str, version: str) -> FileContent:
    if not arrays:
        raise InputError.in_file(
            path, "a MATLAB file without an array of numbers; save the fields as arrays"
        )
    numbers = {
        name: float(a.values().item()) for name, a in arrays.items() if np.prod(a.shape) == 1
    }
    vectors = {
        name: a.values().ravel()
        for name, a in arrays.items()
        if 1 < np.prod(a.shape) == max(a.shape)
    }
    fields = {name: a for name, a in arrays.items() if name not in numbers and name not in vectors}
    lines = {canonical(name): Coordinate(values) for name, values in vectors.items()}
    named, task, boundary, layout = _known(fields, lines)
    family, *names = task
    title = f"{version}, {family}" if family else version
    return FileContent(
        title,
        path,
        named,
        lines,
        boundary,
        layout,
        Task(tuple(names[:1]), tuple(names[1:])),
        Metadata(numbers),
    )


def _known(
    fields: Mapping[str, Array], lines: dict[str, Coordinate]
) -> tuple[tuple[Array, ...], tuple[str, ...], dict[str, str], dict[str, str]]:
    """Return arrays with named axes, family and arrays of the task, boundary and layout by axis."""
    rank = {name: len(a.shape) for name, a in fields.items()}
    axes: dict[str, tuple[str, ...]]
    if {"coeff", "sol"} <= set(fields) and rank["coeff"] == rank["sol"] == 3:
        axes = dict.fromkeys(fields, ("sample", "x", "y"))
        return (
            _named(fields, axes),
            ("Darcy flow", "coeff", "sol"),
            *_all("xy", "dirichlet", "ends"),
        )
    if rank.get("u", 0) in (3, 4) and "a" in fields and fields["a"].shape == fields["u"].shape[:-1]:
        grid = "xy"[: rank["u"] - 2]
        axes = {"u": ("sample", *grid, "time"), "a": ("sample", *grid)}
        return (
            _named(fields, axes),
            ("Navier-Stokes" if rank["u"] == 4 else "evolution", "u"),
            *_all(grid, "periodic", "left"),
        )
    if rank.get("a") == rank.get("u") == 2 and fields["a"].shape == fields["u"].shape:
        axes = dict.fromkeys(("a", "u", "a_smooth", "a_smooth_x", "a_x"), ("sample", "x"))
        return _named(fields, axes), ("Burgers", "a", "u"), *_all("x", "periodic", "left")
    if rank.get("input") == 2 and rank.get("output") == 3:
        axes = {"input": ("sample", "x"), "output": ("sample", "time", "x")}
        lines.setdefault("time", Coordinate(np.linspace(0.0, 1.0, fields["output"].shape[1])))
        return _named(fields, axes), ("Burgers of PINO", "output"), *_all("x", "periodic", "left")
    axes = {name: by_length(a.shape, lines) for name, a in fields.items()}
    complete = [
        name
        for name, names in axes.items()
        if "time" in names and "" not in names and len(set(names)) == len(names)
    ]
    return _named(fields, axes), ("", *complete[:1]), {}, {}


def _named(fields: Mapping[str, Array], axes: Mapping[str, tuple[str, ...]]) -> tuple[Array, ...]:
    return tuple(
        replace(a, axes=axes[name]) if len(axes.get(name, ())) == len(a.shape) else a
        for name, a in fields.items()
    )


def _all(grid: str, boundary: str, layout: str) -> tuple[dict[str, str], dict[str, str]]:
    return dict.fromkeys(grid, boundary), dict.fromkeys(grid, layout)
