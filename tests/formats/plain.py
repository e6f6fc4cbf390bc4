"""Arrays without a layout of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from formats.truth import N, T, Truth, X, Y, flat, noise

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid


def npy_pino(path: Path) -> Truth:
    """Of this array only the user knows the axes."""
    u = noise(N, T, X, X)
    with path.open("wb") as raw:
        np.save(raw, u)
    settings = {"input": path.stem, "axes": ["sample", "time", "x", "y"], "boundary": "periodic"}
    return Truth(
        "numpy array",
        (path.stem,),
        u[:, :, None],
        flat("xy", "periodic", "left"),
        np.arange(T),
        settings=settings,
    )


def hdf5_scales(path: Path) -> Truth:
    """Axes named by dimension scales, in an order of the file's own."""
    u = noise(X, T, Y)
    with h5py.File(path, "w") as file:
        file["run/u"] = u
        file["run/u"].attrs["units"] = "m s-1"
        for axis, (name, points) in enumerate(
            (("x", np.linspace(1, 8, X)), ("t", 0.2 * np.arange(T)), ("y", np.linspace(-2, 2, Y)))
        ):
            file[name] = points
            file[name].make_scale(name)
            file["run/u"].dims[axis].attach_scale(file[name])
    grid = Grid(
        (Axis("x", "open", 1.0, 7.0, layout="ends"), Axis("y", "open", -2.0, 4.0, layout="ends"))
    )
    return Truth(
        "HDF5",
        ("run_u",),
        u.transpose(1, 0, 2)[None, :, None],
        grid,
        0.2 * np.arange(T),
        units=("m s-1",),
        settings={"boundary": "open"},
    )


def npz_map(path: Path) -> Truth:
    a, b = noise(N, X, Y, 2, dtype="f8"), noise(N, X, Y, 1, dtype="f8")
    with path.open("wb") as raw:
        np.savez(raw, a=a, b=b)
    settings = {
        "input": "a",
        "target": "b",
        "axes": ["sample", "x", "y", "channel"],
        "boundary": "dirichlet",
        "domain": {"layout": "ends"},
    }
    grid, values = flat("xy", "dirichlet", "ends"), np.moveaxis(a, -1, 1)[:, None]
    return Truth(
        "numpy archive",
        ("a0", "a1"),
        values,
        grid,
        None,
        np.moveaxis(b, -1, 1)[:, None],
        ("b",),
        settings=settings,
    )


def hdf5_plain(path: Path) -> Truth:
    u = noise(N, T, X, Y)
    with h5py.File(path, "w") as file:
        file.create_dataset("u", data=u, chunks=(1, 2, X, Y), compression="gzip")
        file["v"] = noise(N)
    settings = {
        "input": "u",
        "axes": ["sample", "time", "x", "y"],
        "boundary": {"x": "periodic", "y": "open"},
        "step": 0.5,
    }
    return Truth(
        "HDF5",
        ("u",),
        u[:, :, None],
        Grid((Axis("x"), Axis("y", "open"))),
        0.5 * np.arange(T),
        settings=settings,
    )


CASES: dict[str, Callable[[Path], Truth]] = {
    "PINO .npy": npy_pino,
    "HDF5 with scales": hdf5_scales,
    "HDF5": hdf5_plain,
    ".npz": npz_map,
}
"""Every layout by its name."""
