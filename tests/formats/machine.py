"""Files of makani, FourCastNet, PDEArena and neuraloperator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from formats.truth import N, T, Truth, X, Y, flat, noise
from formats.weather import LATITUDE, LONGITUDE, TIMES, truth

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere


def makani(path: Path) -> Truth:
    one = truth("HDF5, makani", Grid.latlon())
    with h5py.File(path, "w") as file:
        fields = file.create_dataset(
            "fields", data=one.values[0], chunks=(1, *one.values.shape[2:])
        )
        seconds = (TIMES - np.datetime64("1970-01-01", "ns")) / np.timedelta64(1, "s")
        scales = {
            "timestamp": seconds.astype("f8"),
            "channel": np.array([f.encode() for f in one.fields], "S4"),
        }
        for axis, (name, values) in enumerate(
            {**scales, "lat": LATITUDE, "lon": LONGITUDE}.items()
        ):
            file[name] = values
            file[name].make_scale(name)
            fields.dims[axis].label = name
            fields.dims[axis].attach_scale(file[name])
        file["valid_data"] = np.ones(one.values.shape[1:3], "i4")
    return Truth(one.format, one.fields, one.values, one.grid, TIMES)


def _fourcastnet(rows: int) -> Callable[[Path], Truth]:
    def build(path: Path) -> Truth:
        fields = noise(T, 2, rows, 12)
        with h5py.File(path, "w") as file:
            file["fields"] = fields
        grid = Grid.latlon()
        if rows % 2 == 0:
            grid = Sphere(
                (Axis("latitude", "open", 90.0, -180.0, "degrees_north", "left"), grid.axes[1]),
            )
        return Truth("HDF5, FourCastNet", ("fields0", "fields1"), fields[None], grid, np.arange(T))

    return build


def pdearena(path: Path) -> Truth:
    """A group per split; coordinates and parameters per sample."""
    arrays = {
        name: noise(N, T, X, Y, seed=i, dtype="f8") for i, name in enumerate(("u", "vx", "vy"))
    }
    with h5py.File(path, "w") as file:
        group = file.create_group("train")
        for name, values in arrays.items():
            group[name] = values
        for name, points, step in (
            ("t", 18 + 1.5 * np.arange(T), 1.5),
            ("x", 32 * np.arange(X) / X, 32 / X),
            ("y", 32.0 * np.arange(Y), 32.0),
        ):
            group[name] = np.tile(points, (N, 1))
            group[f"d{name}"] = np.full(N, step)
        group["buo_y"] = np.full(N, 0.5)
    grid = Grid(
        (Axis("x", "open", 0.0, 32.0, layout="left"), Axis("y", "open", 0.0, 160.0, layout="left"))
    )
    values = np.stack(list(arrays.values()), 2)
    return Truth(
        "HDF5, PDEArena",
        ("u", "vx", "vy"),
        values,
        grid,
        18 + 1.5 * np.arange(T),
        attributes={"buo_y": 0.5},
    )


def pt_darcy(path: Path) -> Truth:
    x, y = noise(N, X, X) > 0, noise(N, X, X, seed=1)
    torch.save({"x": torch.from_numpy(x), "y": torch.from_numpy(y)}, path)
    grid = flat("xy", "open", "left")
    return Truth(
        "torch, neuraloperator",
        ("x",),
        x[:, None, None].astype("f4"),
        grid,
        None,
        y[:, None, None],
        ("y",),
    )


def pt_forcing(path: Path) -> Truth:
    x, y = noise(N, X, X), noise(N, X, X, seed=1)
    torch.save({"x": torch.from_numpy(x), "y": torch.from_numpy(y)}, path)
    return Truth(
        "torch, neuraloperator",
        ("x",),
        x[:, None, None],
        flat("xy", "open", "left"),
        None,
        y[:, None, None],
        ("y",),
    )


def pt_burgers(path: Path) -> Truth:
    y = noise(N, T + 1, 8, dtype="f8")
    torch.save(
        {
            "x": torch.from_numpy(y[:, 0].copy()),
            "y": torch.from_numpy(y),
            "visc": torch.tensor([[0.01]]),
        },
        path,
    )
    grid, times = flat("x", "periodic", "left"), np.linspace(0, 1, T + 1)
    return Truth(
        "torch, neuraloperator",
        ("y",),
        y[:, :, None],
        grid,
        times,
        attributes={"visc": pytest.approx(0.01, rel=1e-6)},
    )


MAKANI: dict[str, Callable[[Path], Truth]] = {
    "makani": makani,
    "FourCastNet, 721 rows": _fourcastnet(7),
    "FourCastNet, 720 rows": _fourcastnet(6),
}
ARENA: dict[str, Callable[[Path], Truth]] = {"PDEArena": pdearena}
TORCH: dict[str, Callable[[Path], Truth]] = {
    "Darcy": pt_darcy,
    "Navier-Stokes": pt_forcing,
    "Burgers": pt_burgers,
}
"""Every layout by its name."""
