"""MATLAB files of the FNO and PINO papers, version 5 and 7.3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from formats.truth import N, T, Truth, X, flat, noise


def matlab73(path: Path, **arrays: np.ndarray) -> None:
    """Write what MATLAB writes with ``-v7.3``: HDF5 after a header of 512 bytes, every axis
    reversed, nothing 1-D.
    """
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            stored = np.atleast_2d(values).T
            chunks = tuple(min(n, 4) for n in stored.shape) if stored.size > 64 else None
            data = file.create_dataset(
                name, data=stored, chunks=chunks, compression="gzip" if chunks else None
            )
            data.attrs["MATLAB_class"] = np.bytes_(
                "single" if stored.dtype == np.float32 else "double"
            )
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jun 22 10:00:00 2020 "
    text += b"HDF5 schema 1.00 ."
    with path.open("r+b") as raw:
        raw.write(text.ljust(116) + bytes(8) + b"\x00\x02IM")


def matlab5(path: Path, **arrays: np.ndarray) -> None:
    from scipy.io import savemat

    with path.open("wb") as raw:
        savemat(raw, arrays, do_compression=True)


def mat_burgers(path: Path) -> Truth:
    a, u = noise(N, 8, dtype="f8"), noise(N, 8, seed=1, dtype="f8")
    matlab5(path, a=a, u=u, a_smooth=a / 2, a_smooth_x=a / 3, a_x=a / 4, grid=np.linspace(0, 1, 8))
    return Truth(
        "MATLAB 5, Burgers",
        ("a",),
        a[:, None, None],
        flat("x", "periodic", "left"),
        None,
        u[:, None, None],
        ("u",),
    )


def mat_darcy(path: Path) -> Truth:
    coeff, sol = np.where(noise(N, X, X) > 0, 12, 3).astype("f4"), noise(N, X, X, seed=1)
    matlab5(
        path,
        coeff=coeff,
        sol=sol,
        Kcoeff=coeff.astype("f8"),
        Kcoeff_x=noise(N, X, X, dtype="f8"),
        Kcoeff_y=noise(N, X, X, dtype="f8"),
    )
    grid = flat("xy", "dirichlet", "ends")
    return Truth(
        "MATLAB 5, Darcy flow",
        ("coeff",),
        coeff[:, None, None],
        grid,
        None,
        sol[:, None, None],
        ("sol",),
    )


def _navier_stokes(
    write: Callable[..., None], version: str, path: Path, step: float = 1.0
) -> Truth:
    u = noise(N, X, X, T)
    write(path, a=noise(N, X, X, seed=2), t=step * np.arange(1, T + 1), u=u)
    times = step * np.arange(1.0, T + 1)
    return Truth(
        f"MATLAB {version}, Navier-Stokes",
        ("u",),
        np.moveaxis(u, -1, 1)[:, :, None],
        flat("xy", "periodic", "left"),
        times,
        units=("",),
    )


def mat_navier_stokes_73(path: Path) -> Truth:
    return _navier_stokes(matlab73, "7.3", path)


def mat_navier_stokes_5(path: Path) -> Truth:
    return _navier_stokes(matlab5, "5", path, 0.25)


def mat_pino(path: Path) -> Truth:
    u = noise(N, T, 8, dtype="f8")
    matlab5(path, input=u[:, 0], output=u, visc=0.01)
    grid, times = flat("x", "periodic", "left"), np.linspace(0, 1, T)
    return Truth(
        "MATLAB 5, Burgers of PINO",
        ("output",),
        u[:, :, None],
        grid,
        times,
        attributes={"visc": 0.01},
    )


def mat_named(path: Path) -> Truth:
    """As burgers_shock.mat: the coordinates name the axes of (x, t) by their lengths."""
    u = noise(7, T, dtype="f8")
    matlab5(path, x=np.linspace(-1, 1, 7)[:, None], t=0.1 * np.arange(T)[:, None], usol=u)
    return Truth(
        "MATLAB 5",
        ("usol",),
        u.T[None, :, None],
        flat("x", "open", "ends", 2, -1),
        0.1 * np.arange(T),
        settings={"boundary": "open"},
    )


CASES: dict[str, Callable[[Path], Truth]] = {
    "FNO Burgers": mat_burgers,
    "FNO Darcy": mat_darcy,
    "FNO Navier-Stokes, version 7.3": mat_navier_stokes_73,
    "FNO Navier-Stokes, version 5": mat_navier_stokes_5,
    "PINO Burgers": mat_pino,
    "named by coordinates": mat_named,
}
"""Every layout by its name."""
