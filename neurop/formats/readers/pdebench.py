"""The HDF5 files of PDEBench, in its five layouts.

M. Takamoto et al., PDEBench: an extensive benchmark for scientific machine learning, NeurIPS 2022
Datasets and Benchmarks, arXiv:2210.07182; https://github.com/pdebench/PDEBench.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.formats.content import Array, Coordinate, FileContent, Metadata, Task
from neurop.formats.hdf5 import texts
from neurop.formats.hdf5_array import hdf5_array, problem_of
from neurop.formats.open_files import HDF5Part

_STATE = ("density", "pressure", "Vx", "Vy", "Vz")
_IN_NAME = re.compile(
    r"(?<![A-Za-z])(Nu|beta|Rho|Eta|Zeta|M)(\d+(?:\.\d+)?(?:[eE]-?\d+)?)(?![A-Za-z])"
)
# The files do not record the boundary; it is in the paper.
_BOUNDARY = {"periodic": "periodic", "trans": "open"}


def file_content(file: h5py.File, path: str) -> FileContent | None:
    """Return the arrays of a file of PDEBench; None for any other."""
    for read in (_incompressible, _darcy, _scalar, _compressible, _groups):
        if (found := read(file, path)) is not None:
            return found
    return None


def _content(
    file: h5py.File,
    path: str,
    family: str,
    arrays: list[Array],
    boundary: str,
    input: tuple[str, ...],
    target: tuple[str, ...] = (),
) -> FileContent:
    lines = {
        name: Coordinate(file[key][...])
        for name in ("x", "y", "z")
        if (key := f"{name}-coordinate") in file
    }
    if "t-coordinate" in file:
        lines["time"] = Coordinate(file["t-coordinate"][...])
    numbers = {
        k: float(v)
        for k, v in file.attrs.items()
        if np.ndim(v) == 0 and np.asarray(v).dtype.kind in "fiu"
    }
    numbers |= {k: v for k, v in in_name(path).items() if k.lower() not in map(str.lower, numbers)}
    facts = {k: str(v) for k, v in numbers.items()}
    grid = [axis for axis in arrays[0].axes if axis in "xyz"]
    # The coordinates are the centres of cells, in all families.
    return FileContent(
        f"HDF5, PDEBench {family}",
        path,
        tuple(arrays),
        lines,
        dict.fromkeys(grid, boundary),
        dict.fromkeys(grid, "cells"),
        Task(input, target),
        Metadata(numbers, facts),
    )


def in_name(path: str) -> dict[str, float]:
    """Return the parameters in the name of a file, for files that lack them as attributes.

    Examples
    --------
    >>> in_name("1D_Burgers_Sols_Nu0.001.hdf5"), in_name("2D_CFD_Rand_M0.1_Eta1e-08_Zeta1e-08.hdf5")
    ({'Nu': 0.001}, {'M': 0.1, 'Eta': 1e-08, 'Zeta': 1e-08})
    """
    return {name: float(value) for name, value in _IN_NAME.findall(Path(path).stem)}


def _is(file: h5py.File, name: str, *ranks: int) -> bool:
    return name in file and isinstance(file[name], h5py.Dataset) and file[name].ndim in ranks


def _incompressible(file: h5py.File, path: str) -> FileContent | None:
    """Return velocity, particles and force, channels last, up to the frame ``latestIndex``."""
    if not (_is(file, "velocity", 5) and "t" in file):
        return None
    written = int(file.attrs.get("latestIndex", file["velocity"].shape[1] - 1)) + 1
    arrays = []
    for name, labels in (
        ("velocity", ("velocity_x", "velocity_y")),
        ("particles", ("particles",)),
        ("force", ("force_x", "force_y")),
    ):
        if name in file:
            axes = (
                ("sample", "time", "x", "y", "channel")[-file[name].ndim :]
                if file[name].ndim == 5
                else ("sample", "x", "y", "channel")
            )
            shape = tuple(
                min(n, written) if axis == "time" else n for axis, n in zip(axes, file[name].shape)
            )
            arrays.append(hdf5_array(file[name], path, axes, shape=shape, labels=labels))
    time = {"time": Coordinate(np.atleast_2d(file["t"][...])[0][:written])}
    state = tuple(name for name in ("velocity", "particles") if name in file)
    return replace(
        _content(file, path, "incompressible Navier-Stokes", arrays, "open", state),
        coordinates=time,
    )


def _darcy(file: h5py.File, path: str) -> FileContent | None:
    if not (_is(file, "tensor", 4) and _is(file, "nu", 3)):
        return None
    arrays = [
        hdf5_array(file["nu"], path, ("sample", "x", "y")),
        hdf5_array(file["tensor"], path, ("sample", "time", "x", "y")),
    ]
    return _content(file, path, "Darcy flow", arrays, "dirichlet", ("nu",), ("tensor",))


def _scalar(file: h5py.File, path: str) -> FileContent | None:
    if not (_is(file, "tensor", 3, 4, 5) and "t-coordinate" in file):
        return None
    axes = ("sample", "time", "x", "y", "z")[: file["tensor"].ndim]
    names = {"beta": "advection", "rho": "reaction-diffusion", "nu": "Burgers"}
    present = {key.lower() for key in file.attrs}
    family = next((name for key, name in names.items() if key in present), "scalar field")
    return _content(
        file, path, family, [hdf5_array(file["tensor"], path, axes)], "periodic", ("tensor",)
    )


def _compressible(file: h5py.File, path: str) -> FileContent | None:
    if not (_is(file, "density", 3, 4, 5) and "Vx" in file):
        return None
    axes = ("sample", "time", "x", "y", "z")[: file["density"].ndim]
    arrays = [hdf5_array(file[name], path, axes) for name in _STATE if name in file]
    boundary = next(
        (kind for word, kind in _BOUNDARY.items() if word in Path(path).name.lower()), "open"
    )
    return _content(
        file, path, "compressible Navier-Stokes", arrays, boundary, tuple(a.name for a in arrays)
    )


@dataclass(frozen=True)
class _Stacked:
    """Reader of the data sets of one name in many groups as one array, one sample per group."""

    path: str
    groups: tuple[str, ...]
    problem: str = ""

    def __call__(self, where: tuple[slice, ...]) -> NDArray[Any]:
        return np.stack(
            [HDF5Part(self.path, f"{group}/data")(where[1:]) for group in self.groups[where[0]]]
        )


def _groups(file: h5py.File, path: str) -> FileContent | None:
    groups = tuple(
        sorted(
            name
            for name, item in file.items()
            if isinstance(item, h5py.Group) and "data" in item and "grid" in item
        )
    )
    if not groups:
        return None
    first = file[groups[0]]
    shape = first["data"].shape
    for name in groups:
        if file[name]["data"].shape != shape:
            other = file[name]["data"].shape
            raise InputError.in_file(
                path,
                f"group '{name}' has data of shape {other}, '{groups[0]}' of {shape}; "
                "write one file per resolution",
            )
    axes = ("sample", "time", *"xyz"[: len(shape) - 2], "channel")
    problem = next(filter(None, (problem_of(file[name]["data"]) for name in groups)), "")
    data = Array(
        "data",
        axes,
        (len(groups), *shape),
        first["data"].dtype,
        _Stacked(path, groups, problem),
        chunks=(1, *(first["data"].chunks or shape)),
    )
    lines = {
        {"t": "time"}.get(name, name): Coordinate(values[...])
        for name, values in first["grid"].items()
    }
    facts = (
        {"config": " ".join(texts(first.attrs["config"])[0].split())[:200]}
        if "config" in first.attrs
        else {}
    )
    family = {3: "diffusion-sorption", 4: "shallow water"}.get(len(shape), "fields")
    family = "diffusion-reaction" if shape[-1] == 2 else family
    boundary = dict.fromkeys(axes[2:-1], "neumann" if len(shape) == 4 else "open")
    return FileContent(
        f"HDF5, PDEBench {family}",
        path,
        (data,),
        lines,
        boundary,
        dict.fromkeys(axes[2:-1], "cells"),
        Task(("data",)),
        Metadata(facts=facts),
    )
