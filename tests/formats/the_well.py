"""Files in The Well's layout, flat and on the sphere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from formats.truth import N, T, Truth, X, Y, noise

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

MASK = (np.arange(X)[:, None] < np.arange(Y)).astype("f4")


def well(
    file: h5py.File, kind: str, dims: dict[str, np.ndarray], time: np.ndarray, samples: int
) -> None:
    """Write what every file in The Well's layout has but fields."""
    parameters = {"nu": 0.25}
    file.attrs.update(
        {
            "dataset_name": "flow",
            "grid_type": kind,
            "n_spatial_dims": len(dims),
            "n_trajectories": samples,
            **parameters,
        }
    )
    file.attrs["simulation_parameters"] = list(parameters)
    group = file.create_group("dimensions")
    group.attrs["spatial_dims"] = list(dims)
    group["time"] = time
    group["time"].attrs["sample_varying"] = time.ndim == 2
    for name, points in dims.items():
        group[name] = points
        group[name].attrs.update({"sample_varying": False, "time_varying": False})
    file.create_group("boundary_conditions")
    scalars = file.create_group("scalars")
    scalars.attrs["field_names"] = ["nu"]
    scalars["nu"] = 0.25
    scalars["nu"].attrs.update({"sample_varying": False, "time_varying": False})
    for order in range(3):
        file.create_group(f"t{order}_fields").attrs["field_names"] = np.array(
            [], dtype=h5py.string_dtype()
        )


def well_field(
    file: h5py.File,
    order: int,
    name: str,
    values: np.ndarray,
    varying: Sequence[bool],
    **more: bool,
) -> None:
    """Add a field; `varying` is: from sample to sample, in time, along each axis."""
    group = file[f"t{order}_fields"]
    group.attrs["field_names"] = [*group.attrs["field_names"], name]
    group[name] = values
    group[name].attrs.update(
        {
            "sample_varying": varying[0],
            "time_varying": varying[1],
            "dim_varying": list(varying[2:]),
            **more,
        }
    )


def well_side(file: h5py.File, name: str, kind: str, dims: Any) -> None:
    side = file.create_group(f"boundary_conditions/{name}")
    side.attrs.update(
        {
            "bc_type": kind,
            "associated_dims": dims,
            "associated_fields": [],
            "sample_varying": False,
            "time_varying": False,
        }
    )
    side["mask"] = np.ones(4, bool)


def well_flat(path: Path) -> Truth:
    """Scalars, a vector, a symmetric tensor; a field that lacks an axis, one that lacks time; a
    time per sample.
    """
    p, profile, v, s = (
        noise(N, T, X, Y),
        noise(T, X, seed=1),
        noise(N, T, X, Y, 2, seed=2),
        noise(N, T, X, Y, 2, 2, seed=3),
    )
    s[..., 1, 0] = s[..., 0, 1]
    with h5py.File(path, "w") as file:
        time = np.tile(np.linspace(0, 0.3, T, dtype="f4"), (N, 1))
        well(
            file,
            "cartesian",
            {"x": (np.arange(X) / X).astype("f4"), "y": np.linspace(0, 7, Y, dtype="f4")},
            time,
            N,
        )
        well_side(file, "x_periodic", "periodic", "x")
        well_side(file, "y_wall", "WALL", ["y"])
        well_field(file, 0, "p", p, (True,) * 4)
        well_field(file, 0, "profile", profile, (False, True, True, False))
        well_field(file, 0, "mask", MASK, (False, False, True, True))
        well_field(file, 1, "v", v, (True,) * 4)
        well_field(file, 2, "s", s, (True,) * 4, symmetric=True, antisymmetric=False)
    wide = np.broadcast_to(profile[None, :, :, None], p.shape)
    values = np.stack([p, wide, v[..., 0], v[..., 1], s[..., 0, 0], s[..., 0, 1], s[..., 1, 1]], 2)
    grid = Grid((Axis("x"), Axis("y", "open", 0.0, 7.0, layout="ends")))
    names = ("p", "profile", "v_x", "v_y", "s_xx", "s_xy", "s_yy")
    return Truth(
        "HDF5, The Well's layout",
        names,
        values,
        grid,
        np.linspace(0, 0.3, T),
        attributes={"nu": 0.25},
    )


def well_sphere(path: Path) -> Truth:
    """As planetswe: colatitude theta and phi in radians, upper-case PERIODIC; theta is the first
    dimension.
    """
    h, v = noise(2, T, X, 2 * X), noise(2, T, X, 2 * X, 2, seed=1)
    theta, phi = np.pi * (np.arange(X) + 0.5) / X, np.pi * np.arange(2 * X) / X
    with h5py.File(path, "w") as file:
        well(
            file,
            "equiangular",
            {"theta": theta.astype("f4"), "phi": phi.astype("f4")},
            np.arange(T, dtype="f4"),
            2,
        )
        well_side(file, "phi_periodic", "PERIODIC", ["phi"])
        well_side(file, "theta_open", "OPEN", ["theta"])
        well_field(file, 0, "height", h, (True,) * 4)
        well_field(file, 1, "velocity", v, (True,) * 4)
    values = np.concatenate([h[:, :, None], np.moveaxis(v, -1, 2)], 2)
    names = ("height", "velocity_theta", "velocity_phi")
    return Truth(
        "HDF5, The Well's layout",
        names,
        values,
        Grid.latlon(poles=False),
        np.arange(T),
        attributes={"nu": 0.25},
    )


CASES: dict[str, Callable[[Path], Truth]] = {
    "flat": well_flat,
    "sphere": well_sphere,
}
"""Every layout by its name."""
