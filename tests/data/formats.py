"""Small files laid out exactly as the real ones are: names, order of axes, types, attributes and traps, and what each must read as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from neurop.physics.grid import Axis, Grid

N, T, X, Y, Z = 3, 4, 6, 5, 3


@dataclass(frozen=True)
class Truth:
    """What a file must read as.

    `values` and `targets` are ``(sample, time, channel, *grid)``; `settings` are what the user must say, where the file does
    not; `tolerance` is relative to the largest value, for packed numbers.
    """

    format: str
    fields: tuple[str, ...]
    values: np.ndarray
    grid: Grid
    times: np.ndarray | None = None
    targets: np.ndarray | None = None
    target_fields: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.0


def noise(*shape: int, seed: int = 0, dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def flat(names: str, boundary: str, layout: str, length: float | Sequence[float] = 1.0, start: float = 0.0, unit: str = "1") -> Grid:
    lengths = [length] * len(names) if isinstance(length, int | float) else length
    return Grid(tuple(Axis(name, boundary, start, float(size), unit, layout) for name, size in zip(names, lengths)))


def matlab73(path: Path, **arrays: np.ndarray) -> None:
    """Write what MATLAB writes with ``-v7.3``: HDF5 behind a header of 512 bytes, every axis reversed, nothing 1-D."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            stored = np.atleast_2d(values).T
            chunks = tuple(min(n, 4) for n in stored.shape) if stored.size > 64 else None
            data = file.create_dataset(name, data=stored, chunks=chunks, compression="gzip" if chunks else None)
            data.attrs["MATLAB_class"] = np.bytes_("single" if stored.dtype == np.float32 else "double")
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jun 22 10:00:00 2020 HDF5 schema 1.00 ."
    with path.open("r+b") as raw:
        raw.write(text.ljust(116) + bytes(8) + b"\x00\x02IM")


def matlab5(path: Path, **arrays: np.ndarray) -> None:
    from scipy.io import savemat

    with path.open("wb") as raw:
        savemat(raw, arrays, do_compression=True)


def mat_burgers(path: Path) -> Truth:
    a, u = noise(N, 8, dtype="f8"), noise(N, 8, seed=1, dtype="f8")
    matlab5(path, a=a, u=u, a_smooth=a / 2, a_smooth_x=a / 3, a_x=a / 4, grid=np.linspace(0, 1, 8))
    return Truth("MATLAB 5, Burgers", ("a",), a[:, None, None], flat("x", "periodic", "left"), None, u[:, None, None], ("u",))


def mat_darcy(path: Path) -> Truth:
    coeff, sol = np.where(noise(N, X, X) > 0, 12, 3).astype("f4"), noise(N, X, X, seed=1)
    matlab5(path, coeff=coeff, sol=sol, Kcoeff=coeff.astype("f8"), Kcoeff_x=noise(N, X, X, dtype="f8"), Kcoeff_y=noise(N, X, X, dtype="f8"))
    grid = flat("xy", "dirichlet", "ends")
    return Truth("MATLAB 5, Darcy flow", ("coeff",), coeff[:, None, None], grid, None, sol[:, None, None], ("sol",))


def _navier_stokes(write: Callable[..., None], version: str, path: Path, step: float = 1.0) -> Truth:
    u = noise(N, X, X, T)
    write(path, a=noise(N, X, X, seed=2), t=step * np.arange(1, T + 1), u=u)
    times = step * np.arange(1.0, T + 1)
    return Truth(
        f"MATLAB {version}, Navier-Stokes", ("u",), np.moveaxis(u, -1, 1)[:, :, None], flat("xy", "periodic", "left"), times, units=("1",)
    )


def mat_navier_stokes_73(path: Path) -> Truth:
    return _navier_stokes(matlab73, "7.3", path)


def mat_navier_stokes_5(path: Path) -> Truth:
    return _navier_stokes(matlab5, "5", path, 0.25)


def mat_pino(path: Path) -> Truth:
    u = noise(N, T, 8, dtype="f8")
    matlab5(path, input=u[:, 0], output=u, visc=0.01)
    grid, times = flat("x", "periodic", "left"), np.linspace(0, 1, T)
    return Truth("MATLAB 5, Burgers of PINO", ("output",), u[:, :, None], grid, times, attributes={"visc": 0.01})


def npy_pino(path: Path) -> Truth:
    """Of this array only the user knows the axes."""
    u = noise(N, T, X, X)
    with path.open("wb") as raw:
        np.save(raw, u)
    settings = {"input": path.stem, "axes": ["sample", "time", "x", "y"]}
    return Truth("numpy array", (path.stem,), u[:, :, None], flat("xy", "periodic", "left"), np.arange(T), settings=settings)


def mat_named(path: Path) -> Truth:
    """As burgers_shock.mat: the coordinates name the axes of (x, t) by their lengths."""
    u = noise(7, T, dtype="f8")
    matlab5(path, x=np.linspace(-1, 1, 7)[:, None], t=0.1 * np.arange(T)[:, None], usol=u)
    return Truth("MATLAB 5", ("usol",), u.T[None, :, None], flat("x", "open", "ends", 2, -1), 0.1 * np.arange(T))


def _pdebench(path: Path, attributes: dict[str, float], arrays: dict[str, np.ndarray], frames: int = T, grid: str = "x") -> None:
    first = next(a for a in arrays.values())
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, values in arrays.items():
            file.create_dataset(name, data=values)
        for axis, n in zip(grid, first.shape[first.ndim - len(grid) :]):
            file[f"{axis}-coordinate"] = ((np.arange(n) + 0.5) / n).astype("f4")
        if frames > 1:
            file["t-coordinate"] = (0.05 * np.arange(frames + 1)).astype("f4")


def _pdebench_scalar(family: str, **attributes: float) -> Callable[[Path], Truth]:
    def build(path: Path) -> Truth:
        u = noise(N, T, 8)
        _pdebench(path, attributes, {"tensor": u})
        grid, times = flat("x", "periodic", "cells"), 0.05 * np.arange(T)
        return Truth(f"HDF5, PDEBench {family}", ("tensor",), u[:, :, None], grid, times, attributes=attributes)

    return build


def pdebench_darcy(path: Path) -> Truth:
    nu, u = np.where(noise(N, X, X) > 0, 1, 0.1).astype("f4"), noise(N, 1, X, X)
    _pdebench(path, {"beta": 1.0}, {"nu": nu, "tensor": u}, 1, "xy")
    grid = flat("xy", "dirichlet", "cells")
    return Truth("HDF5, PDEBench Darcy flow", ("nu",), nu[:, None, None], grid, None, u[:, :, None], ("tensor",), attributes={"beta": 1.0})


def _pdebench_compressible(names: tuple[str, ...], grid: str) -> Callable[[Path], Truth]:
    def build(path: Path) -> Truth:
        arrays = {name: noise(N, T, *(X, Y, Z)[: len(grid)], seed=i) for i, name in enumerate(names)}
        about = {"eta": 0.01, "zeta": 0.01, "M": 0.1}
        _pdebench(path, about, arrays, grid=grid)
        values, times = np.stack(list(arrays.values()), 2), 0.05 * np.arange(T)
        form = "HDF5, PDEBench compressible Navier-Stokes"
        return Truth(form, names, values, flat(grid, "open", "cells"), times, attributes=about)

    return build


def pdebench_incompressible(path: Path) -> Truth:
    """Frames are allocated for the whole run; those behind latestIndex were never written."""
    velocity, particles = noise(2, T, X, X, 2), noise(2, T, X, X, 1, seed=1)
    with h5py.File(path, "w") as file:
        file.attrs.update({"config": "sim_dt: 5.0e-05\nseed: 0", "latestIndex": T - 1})
        for name, values in (("velocity", velocity), ("particles", particles)):
            shape = (2, 2 * T, *values.shape[2:])
            data = file.create_dataset(name, shape, "f4", chunks=(1, 1, *shape[2:]), compression="lzf", shuffle=True)
            data[:, :T] = values
        file["force"] = noise(2, X, X, 2)
        time = file.create_dataset("t", (2, 2 * T), "f4")
        time[:, :T] = 0.005 * np.arange(T)
    values = np.moveaxis(np.concatenate([velocity, particles], -1), -1, 2)
    fields = ("velocity_x", "velocity_y", "particles")
    return Truth(
        "HDF5, PDEBench incompressible Navier-Stokes", fields, values, flat("xy", "open", "cells"), (0.005 * np.arange(T)).astype("f4")
    )


def _pdebench_groups(family: str, channels: int, grid: str) -> Callable[[Path], Truth]:
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
        return Truth(f"HDF5, PDEBench {family}", fields, np.moveaxis(u, -1, 2), layout, np.linspace(0, 1, T))

    return build


def well(file: h5py.File, kind: str, dims: dict[str, np.ndarray], time: np.ndarray, samples: int) -> None:
    """Write what every file in The Well's layout has but fields."""
    parameters = {"nu": 0.25}
    file.attrs.update({"dataset_name": "flow", "grid_type": kind, "n_spatial_dims": len(dims), "n_trajectories": samples, **parameters})
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
        file.create_group(f"t{order}_fields").attrs["field_names"] = np.array([], dtype=h5py.string_dtype())


def well_field(file: h5py.File, order: int, name: str, values: np.ndarray, varying: Sequence[bool], **more: bool) -> None:
    """Add a field; `varying` is: from sample to sample, in time, along each axis."""
    group = file[f"t{order}_fields"]
    group.attrs["field_names"] = [*group.attrs["field_names"], name]
    group[name] = values
    group[name].attrs.update({"sample_varying": varying[0], "time_varying": varying[1], "dim_varying": list(varying[2:]), **more})


def well_side(file: h5py.File, name: str, kind: str, dims: Any) -> None:
    side = file.create_group(f"boundary_conditions/{name}")
    side.attrs.update({"bc_type": kind, "associated_dims": dims, "associated_fields": [], "sample_varying": False, "time_varying": False})
    side["mask"] = np.ones(4, bool)


def well_flat(path: Path) -> Truth:
    """Scalars, a vector, a symmetric tensor; a field that lacks an axis, one that lacks time; a time per sample."""
    p, profile, v, s = noise(N, T, X, Y), noise(T, X, seed=1), noise(N, T, X, Y, 2, seed=2), noise(N, T, X, Y, 2, 2, seed=3)
    s[..., 1, 0] = s[..., 0, 1]
    with h5py.File(path, "w") as file:
        time = np.tile(np.linspace(0, 0.3, T, dtype="f4"), (N, 1))
        well(file, "cartesian", {"x": (np.arange(X) / X).astype("f4"), "y": np.linspace(0, 7, Y, dtype="f4")}, time, N)
        well_side(file, "x_periodic", "periodic", "x")
        well_side(file, "y_wall", "WALL", ["y"])
        well_field(file, 0, "p", p, (True,) * 4)
        well_field(file, 0, "profile", profile, (False, True, True, False))
        well_field(file, 0, "mask", np.ones((X, Y), "f4"), (False, False, True, True))
        well_field(file, 1, "v", v, (True,) * 4)
        well_field(file, 2, "s", s, (True,) * 4, symmetric=True, antisymmetric=False)
    wide = np.broadcast_to(profile[None, :, :, None], p.shape)
    values = np.stack([p, wide, v[..., 0], v[..., 1], s[..., 0, 0], s[..., 0, 1], s[..., 1, 1]], 2)
    grid = Grid((Axis("x"), Axis("y", "open", 0.0, 7.0, layout="ends")))
    names = ("p", "profile", "v_x", "v_y", "s_xx", "s_xy", "s_yy")
    return Truth("HDF5, The Well's layout", names, values, grid, np.linspace(0, 0.3, T), attributes={"nu": 0.25, "left_out": ["mask"]})


def well_sphere(path: Path) -> Truth:
    """As planetswe: colatitude theta and phi in radians, upper-case PERIODIC; theta is the first dimension."""
    h, v = noise(2, T, X, 2 * X), noise(2, T, X, 2 * X, 2, seed=1)
    theta, phi = np.pi * (np.arange(X) + 0.5) / X, np.pi * np.arange(2 * X) / X
    with h5py.File(path, "w") as file:
        well(file, "equiangular", {"theta": theta.astype("f4"), "phi": phi.astype("f4")}, np.arange(T, dtype="f4"), 2)
        well_side(file, "phi_periodic", "PERIODIC", ["phi"])
        well_side(file, "theta_open", "OPEN", ["theta"])
        well_field(file, 0, "height", h, (True,) * 4)
        well_field(file, 1, "velocity", v, (True,) * 4)
    values = np.concatenate([h[:, :, None], np.moveaxis(v, -1, 2)], 2)
    names = ("height", "velocity_theta", "velocity_phi")
    return Truth("HDF5, The Well's layout", names, values, Grid.latlon(poles=False), np.arange(T), attributes={"nu": 0.25})


def pt_darcy(path: Path) -> Truth:
    import torch

    x, y = noise(N, X, X) > 0, noise(N, X, X, seed=1)
    torch.save({"x": torch.from_numpy(x), "y": torch.from_numpy(y)}, path)
    grid = flat("xy", "open", "left")
    return Truth("torch, neuraloperator", ("x",), x[:, None, None].astype("f4"), grid, None, y[:, None, None], ("y",))


def pt_forcing(path: Path) -> Truth:
    import torch

    x, y = noise(N, X, X), noise(N, X, X, seed=1)
    torch.save({"x": torch.from_numpy(x), "y": torch.from_numpy(y)}, path)
    return Truth("torch, neuraloperator", ("x",), x[:, None, None], flat("xy", "open", "left"), None, y[:, None, None], ("y",))


def pt_burgers(path: Path) -> Truth:
    import torch

    y = noise(N, T + 1, 8, dtype="f8")
    torch.save({"x": torch.from_numpy(y[:, 0].copy()), "y": torch.from_numpy(y), "visc": torch.tensor([[0.01]])}, path)
    grid, times = flat("x", "periodic", "left"), np.linspace(0, 1, T + 1)
    return Truth("torch, neuraloperator", ("y",), y[:, :, None], grid, times, attributes={"visc": pytest_approx(0.01)})


def pytest_approx(value: float) -> Any:
    import pytest

    return pytest.approx(value, rel=1e-6)


TIMES = np.datetime64("2026-02-01T00", "ns") + np.arange(T) * np.timedelta64(6, "h")
LATITUDE, LONGITUDE, LEVELS = np.linspace(90, -90, 7), np.arange(0, 360, 45.0), (500.0, 850.0)
ABOUT = {"msl": {"units": "Pa", "long_name": "pressure"}, "z": {"units": "m**2 s**-2"}, "t": {"units": "K"}}


def smooth(kind: float, time: np.ndarray, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Return (time, latitude, longitude) of a field that is a function of its coordinates: any order of the points has one truth."""
    la, lo, t = np.deg2rad(latitude)[:, None], np.deg2rad(longitude), np.arange(len(time))[:, None, None]
    return (280 + kind + 10 * np.sin(la) + 5 * np.cos(la) * np.sin(lo + 0.3 * t)).astype(np.float32)


def _globe(latitude: np.ndarray = LATITUDE, longitude: np.ndarray = LONGITUDE, levels: Sequence[float] = ()) -> xr.Dataset:
    coords = {"valid_time": TIMES, "latitude": latitude, "longitude": longitude}
    dims: tuple[str, ...] = ("valid_time", "latitude", "longitude")
    if not levels:
        return xr.Dataset({"msl": (dims, smooth(0, TIMES, latitude, longitude), ABOUT["msl"])}, coords)
    dims = ("valid_time", "pressure_level", *dims[1:])
    columns = {
        name: (dims, np.stack([smooth(part + lev / 10, TIMES, latitude, longitude) for lev in levels], 1), ABOUT[name])
        for part, name in ((0, "z"), (100, "t"))
    }
    return xr.Dataset(columns, coords | {"pressure_level": ("pressure_level", np.array(levels), {"units": "hPa"})})


def _truth(form: str, grid: Grid, levels: bool = True, shape: tuple[int, int] = (7, 8), **more: Any) -> Truth:
    latitude, longitude = grid.coordinates(shape).values()
    if not levels:
        values = smooth(0, TIMES, latitude, longitude)[None, :, None]
        return Truth(form, ("msl",), values, grid, TIMES, units=("Pa",), **more)
    values = np.stack([smooth(part + lev / 10, TIMES, latitude, longitude) for part in (0, 100) for lev in LEVELS], 1)[None]
    names, units = ("z500", "z850", "t500", "t850"), ("m**2 s**-2",) * 2 + ("K",) * 2
    if form == "Zarr":  # which lists its arrays by name
        values, names, units = np.roll(values, 2, 2), names[2:] + names[:2], units[2:] + units[:2]
    return Truth(form, names, values, grid, TIMES, units=units, **more)


def _netcdf4(data: xr.Dataset, path: Path, **encoding: Any) -> None:
    data.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def cds_today(path: Path) -> Truth:
    """Level 850 first, expver a text per time, number a scalar; deflated with shuffle, seconds since 1970."""
    data = _globe(levels=LEVELS[::-1]).assign_coords(number=0, expver=("valid_time", ["0001"] * 2 + ["0005"] * (T - 2)))
    data.pressure_level.attrs["stored_direction"] = "decreasing"
    packed = {"zlib": True, "complevel": 1, "shuffle": True, "_FillValue": np.float32(np.nan), "chunksizes": (2, 1, 7, 8)}
    time = {"units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian", "dtype": "int64"}
    _netcdf4(data, path, z=packed, t=packed, valid_time=time)
    return _truth("NetCDF 4", Grid.latlon())


def cds_before_2024(path: Path) -> Truth:
    """NetCDF 3: int16 with scale and offset, int32 hours since 1900, level ascending, expver a dimension with NaN where absent."""
    data = _globe(levels=LEVELS).rename(valid_time="time", pressure_level="level")
    data = data.assign_coords(level=("level", np.array(LEVELS, "i4"), {"units": "millibars"}))
    final, preliminary = data.where(data.time < TIMES[2]), data.where(data.time >= TIMES[2])
    data = xr.concat([preliminary, final], xr.DataArray(np.array([5, 1], "i4"), dims="expver", name="expver"))
    data = data.transpose("time", "expver", "level", "latitude", "longitude")
    packed = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 300.0, "_FillValue": np.int16(-32767)}
    time = {"units": "hours since 1900-01-01 00:00:0.0", "dtype": "int32"}
    data.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT", encoding={"z": packed, "t": packed, "time": time})
    return _truth("NetCDF 3", Grid.latlon(), tolerance=3e-5)


def cfgrib(path: Path) -> Truth:
    """number, time, isobaricInhPa as stored, a scalar step and valid_time beside time."""
    data = _globe(levels=LEVELS[::-1]).rename(valid_time="time", pressure_level="isobaricInhPa")
    data = xr.concat([data, data + 1], xr.DataArray([0, 1], dims="number", name="number"), combine_attrs="override")
    for name in ("z", "t"):
        data[name].attrs = ABOUT[name]
    data = data.assign_coords(step=np.timedelta64(0, "ns"), valid_time=("time", TIMES))
    _netcdf4(data, path)
    one = _truth("NetCDF 4", Grid.latlon())
    return Truth(one.format, one.fields, np.concatenate([one.values, one.values + 1]), one.grid, TIMES, units=one.units, tolerance=1e-6)


def weatherbench1(path: Path) -> Truth:
    """Latitude (lat) ascending without poles, lon, a scalar level."""
    latitude = -90 + 30 * (np.arange(6) + 0.5)
    data = _globe(latitude).rename(valid_time="time", latitude="lat", longitude="lon").assign_coords(level=np.int32(500))
    _netcdf4(data, path)
    return _truth("NetCDF 4", Grid.latlon(poles=False), False, (6, 8))


def _zarr(data: xr.Dataset, path: Path, version: int = 2, **encoding: Any) -> None:
    data.to_zarr(path, mode="w", zarr_format=version, encoding=encoding, consolidated=version == 2)


def weatherbench2_raw(path: Path) -> Truth:
    data = _globe(levels=LEVELS).rename(valid_time="time", pressure_level="level")
    data["land_sea_mask"] = (("latitude", "longitude"), np.ones((7, 8), "f4"))
    _zarr(data, path, z={"chunks": (2, 2, 7, 8)})
    return _truth("Zarr", Grid.latlon())


def weatherbench2_conservative(path: Path) -> Truth:
    """Regridded: longitude before latitude, latitude ascending, no poles."""
    data = _globe(-90 + 30 * (np.arange(6) + 0.5), levels=LEVELS).rename(valid_time="time", pressure_level="level")
    _zarr(data.transpose("time", "level", "longitude", "latitude"), path, 3)
    return _truth("Zarr", Grid.latlon(poles=False), shape=(6, 8))


def weatherbench2_with_poles(path: Path) -> Truth:
    """Regridded, levels descending, as the forecasts of Pangu."""
    data = _globe(LATITUDE[::-1], levels=LEVELS[::-1]).rename(valid_time="time", pressure_level="level")
    _zarr(data.transpose("time", "level", "longitude", "latitude"), path)
    return _truth("Zarr", Grid.latlon())


def weatherbench2_gauss(path: Path) -> Truth:
    grid = Grid.latlon(gauss=True)
    latitude = grid.coordinates((6, 8))["latitude"][::-1]
    _zarr(_globe(latitude).rename(valid_time="time").transpose("time", "longitude", "latitude"), path)
    return _truth("Zarr", grid, False, (6, 8))


def weatherbench2_forecast(path: Path) -> Truth:
    """Each start is a sample, the lead is the time."""
    data = _globe().rename(valid_time="prediction_timedelta").assign_coords(prediction_timedelta=6 * np.arange(T))
    data.prediction_timedelta.attrs["units"] = "hours"
    starts = xr.DataArray(TIMES[:2], dims="time", name="time")
    data = xr.concat([data, data + 1], starts, combine_attrs="override")
    data.msl.attrs = ABOUT["msl"]
    _zarr(data.transpose("time", "prediction_timedelta", "longitude", "latitude"), path)
    one = _truth("Zarr", Grid.latlon(), False)
    values = np.concatenate([one.values, one.values + 1])
    return Truth("Zarr", ("msl",), values, one.grid, 6 * np.arange(T), units=("Pa",), tolerance=1e-6)


def makani(path: Path) -> Truth:
    one = _truth("HDF5, makani", Grid.latlon())
    with h5py.File(path, "w") as file:
        fields = file.create_dataset("fields", data=one.values[0], chunks=(1, *one.values.shape[2:]))
        seconds = (TIMES - np.datetime64("1970-01-01", "ns")) / np.timedelta64(1, "s")
        scales = {"timestamp": seconds.astype("f8"), "channel": np.array([f.encode() for f in one.fields], "S4")}
        for axis, (name, values) in enumerate({**scales, "lat": LATITUDE, "lon": LONGITUDE}.items()):
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
            grid = Grid((Axis("latitude", "open", 90.0, -180.0, "degrees_north", "left"), grid.axes[1]), "sphere")
        return Truth("HDF5, FourCastNet", ("fields0", "fields1"), fields[None], grid, np.arange(T))

    return build


def pdearena(path: Path) -> Truth:
    """A group per split; coordinates and parameters per sample."""
    arrays = {name: noise(N, T, X, Y, seed=i, dtype="f8") for i, name in enumerate(("u", "vx", "vy"))}
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
    grid = Grid((Axis("x", "open", 0.0, 32.0, layout="left"), Axis("y", "open", 0.0, 160.0, layout="left")))
    values = np.stack(list(arrays.values()), 2)
    return Truth("HDF5, PDEArena", ("u", "vx", "vy"), values, grid, 18 + 1.5 * np.arange(T), attributes={"buo_y": 0.5})


def hdf5_scales(path: Path) -> Truth:
    """Axes named by dimension scales, in an order of the file's own."""
    u = noise(X, T, Y)
    with h5py.File(path, "w") as file:
        file["run/u"] = u
        file["run/u"].attrs["units"] = "m s-1"
        for axis, (name, points) in enumerate((("x", np.linspace(1, 8, X)), ("t", 0.2 * np.arange(T)), ("y", np.linspace(-2, 2, Y)))):
            file[name] = points
            file[name].make_scale(name)
            file["run/u"].dims[axis].attach_scale(file[name])
    grid = Grid((Axis("x", "open", 1.0, 7.0, layout="ends"), Axis("y", "open", -2.0, 4.0, layout="ends")))
    return Truth("HDF5", ("run_u",), u.transpose(1, 0, 2)[None, :, None], grid, 0.2 * np.arange(T), units=("m s-1",))


def npz_map(path: Path) -> Truth:
    a, b = noise(N, X, Y, 2, dtype="f8"), noise(N, X, Y, 1, dtype="f8")
    with path.open("wb") as raw:
        np.savez(raw, a=a, b=b)
    settings = {"input": "a", "target": "b", "axes": ["sample", "x", "y", "channel"], "boundary": "dirichlet", "layout": "ends"}
    grid, values = flat("xy", "dirichlet", "ends"), np.moveaxis(a, -1, 1)[:, None]
    return Truth("numpy archive", ("a0", "a1"), values, grid, None, np.moveaxis(b, -1, 1)[:, None], ("b",), settings=settings)


def hdf5_plain(path: Path) -> Truth:
    u = noise(N, T, X, Y)
    with h5py.File(path, "w") as file:
        file.create_dataset("u", data=u, chunks=(1, 2, X, Y), compression="gzip")
        file["v"] = noise(N)
    settings = {"input": "u", "axes": ["sample", "time", "x", "y"], "boundary": {"x": "periodic", "y": "open"}, "step": 0.5}
    return Truth("HDF5", ("u",), u[:, :, None], Grid((Axis("x"), Axis("y", "open"))), 0.5 * np.arange(T), settings=settings)


FORMATS: dict[str, Callable[[Path], Truth]] = {
    "fno burgers": mat_burgers,
    "fno darcy": mat_darcy,
    "fno navier-stokes 7.3": mat_navier_stokes_73,
    "fno navier-stokes 5": mat_navier_stokes_5,
    "pino burgers": mat_pino,
    "pino npy": npy_pino,
    "mat with coordinates": mat_named,
    "pdebench burgers": _pdebench_scalar("Burgers", Nu=0.001),
    "pdebench advection": _pdebench_scalar("advection", beta=0.1),
    "pdebench reaction": _pdebench_scalar("reaction-diffusion", Nu=0.5, rho=1.0),
    "pdebench darcy": pdebench_darcy,
    "pdebench compressible 1d": _pdebench_compressible(("density", "pressure", "Vx"), "x"),
    "pdebench compressible 2d": _pdebench_compressible(("density", "pressure", "Vx", "Vy"), "xy"),
    "pdebench compressible 3d": _pdebench_compressible(("density", "pressure", "Vx", "Vy", "Vz"), "xyz"),
    "pdebench incompressible": pdebench_incompressible,
    "pdebench diffusion-reaction": _pdebench_groups("diffusion-reaction", 2, "xy"),
    "pdebench diffusion-sorption": _pdebench_groups("diffusion-sorption", 1, "x"),
    "pdebench shallow water": _pdebench_groups("shallow water", 1, "xy"),
    "the well": well_flat,
    "the well sphere": well_sphere,
    "neuraloperator darcy": pt_darcy,
    "neuraloperator forcing": pt_forcing,
    "neuraloperator burgers": pt_burgers,
    "cds": cds_today,
    "cds before 2024": cds_before_2024,
    "cfgrib": cfgrib,
    "weatherbench1": weatherbench1,
    "weatherbench2 raw": weatherbench2_raw,
    "weatherbench2 conservative": weatherbench2_conservative,
    "weatherbench2 with poles": weatherbench2_with_poles,
    "weatherbench2 gauss": weatherbench2_gauss,
    "weatherbench2 forecast": weatherbench2_forecast,
    "makani": makani,
    "fourcastnet 721": _fourcastnet(7),
    "fourcastnet 720": _fourcastnet(6),
    "pdearena": pdearena,
    "hdf5 with scales": hdf5_scales,
    "hdf5": hdf5_plain,
    "npz map": npz_map,
}
"""Every layout by its name."""
