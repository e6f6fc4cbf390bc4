"""HDF5 files of PDEBench, in its five layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from formats.truth import N, T, Truth, X, Y, Z, flat, noise


def written(
    path: Path,
    attributes: dict[str, float],
    arrays: dict[str, np.ndarray],
    frames: int = T,
    grid: str = "x",
) -> None:
    first = next(a for a in arrays.values())
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, values in arrays.items():
            file.create_dataset(name, data=values)
        for axis, n in zip(grid, first.shape[first.ndim - len(grid) :]):
            file[f"{axis}-coordinate"] = ((np.arange(n) + 0.5) / n).astype("f4")
        if frames > 1:
            file["t-coordinate"] = (0.05 * np.arange(frames + 1)).astype("f4")


def scalar(family: str, **attributes: float) -> Callable[[Path], Truth]:
    def build(path: Path) -> Truth:
        u = noise(N, T, 8)
        written(path, attributes, {"tensor": u})
        grid, times = flat("x", "periodic", "cells"), 0.05 * np.arange(T)
        return Truth(
            f"HDF5, PDEBench {family}",
            ("tensor",),
            u[:, :, None],
            grid,
            times,
            attributes=attributes,
        )

    return build


def pdebench_darcy(path: Path) -> Truth:
    nu, u = np.where(noise(N, X, X) > 0, 1, 0.1).astype("f4"), noise(N, 1, X, X)
    written(path, {"beta": 1.0}, {"nu": nu, "tensor": u}, 1, "xy")
    grid = flat("xy", "dirichlet", "cells")
    return Truth(
        "HDF5, PDEBench Darcy flow",
        ("nu",),
        nu[:, None, None],
        grid,
        None,
        u[:, :, None],
        ("tensor",),
        attributes={"beta": 1.0},
    )


def compressible(names: tuple[str, ...], grid: str) -> Callable[[Path], Truth]:
    def build(path: Path) -> Truth:
        arrays = {
            name: noise(N, T, *(X, Y, Z)[: len(grid)], seed=i) for i, name in enumerate(names)
        }
        about = {"eta": 0.01, "zeta": 0.01, "M": 0.1}
        written(path, about, arrays, grid=grid)
        values, times = np.stack(list(arrays.values()), 2), 0.05 * np.arange(T)
        form = "HDF5, PDEBench compressible Navier-Stokes"
        return Truth(form, names, values, flat(grid, "open", "cells"), times, attributes=about)

    return build


def pdebench_incompressible(path: Path) -> Truth:
    """Frames are allocated for the whole run; those after latestIndex were never written."""
    velocity, particles = noise(2, T, X, X, 2), noise(2, T, X, X, 1, seed=1)
    with h5py.File(path, "w") as file:
        file.attrs.update({"config": "sim_dt: 5.0e-05\nseed: 0", "latestIndex": T - 1})
        for name, values in (("velocity", velocity), ("particles", particles)):
            shape = (2, 2 * T, *values.shape[2:])
            data = file.create_dataset(
                name, shape, "f4", chunks=(1, 1, *shape[2:]), compression="lzf", shuffle=True
            )
            data[:, :T] = values
        file["force"] = noise(2, X, X, 2)
        time = file.create_dataset("t", (2, 2 * T), "f4")
        time[:, :T] = 0.005 * np.arange(T)
    values = np.moveaxis(np.concatenate([velocity, particles], -1), -1, 2)
    fields = ("velocity_x", "velocity_y", "particles")
    return Truth(
        "HDF5, PDEBench incompressible Navier-Stokes",
        fields,
        values,
        flat("xy", "open", "cells"),
        (0.005 * np.arange(T)).astype("f4"),
    )


def groups(family: str, channels: int, grid: str) -> Callable[[Path], Truth]:
    def build(path: Path) -> Truth:
        shape = (X, X)[: len(grid)]
        u = noise(N, T, *shape, channels)
        with h5py.File(path, "w") as file:
            # A subset: numbers need not begin at 0.
            for i, values in enumerate(u):
                group = file.create_group(f"{2 * i + 1:04d}")
                group.attrs["config"] = "sim:\n  t: 5.0\n  tdim: 101\n"
                group["data"] = values
                for axis, n in zip(grid, shape):
                    group[f"grid/{axis}"] = (-1 + 2 * (np.arange(n) + 0.5) / n).astype("f4")
                group["grid/t"] = np.linspace(0, 1, T, dtype="f4")
        fields = ("data",) if channels == 1 else tuple(f"data{i}" for i in range(channels))
        layout = flat(grid, "neumann" if len(grid) == 2 else "open", "cells", 2, -1)
        return Truth(
            f"HDF5, PDEBench {family}", fields, np.moveaxis(u, -1, 2), layout, np.linspace(0, 1, T)
        )

    return build


CASES: dict[str, Callable[[Path], Truth]] = {
    "Burgers": scalar("Burgers", Nu=0.001),
    "advection": scalar("advection", beta=0.1),
    "reaction-diffusion": scalar("reaction-diffusion", Nu=0.5, rho=1.0),
    "Darcy": pdebench_darcy,
    "compressible 1-D": compressible(("density", "pressure", "Vx"), "x"),
    "compressible 2-D": compressible(("density", "pressure", "Vx", "Vy"), "xy"),
    "compressible 3-D": compressible(("density", "pressure", "Vx", "Vy", "Vz"), "xyz"),
    "incompressible": pdebench_incompressible,
    "diffusion-reaction": groups("diffusion-reaction", 2, "xy"),
    "diffusion-sorption": groups("diffusion-sorption", 1, "x"),
    "shallow water": groups("shallow water", 1, "xy"),
}
"""Every layout by its name."""
