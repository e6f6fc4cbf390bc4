"""ERA5 as the Climate Data Store writes it today and wrote it before 2024, cfgrib, WeatherBench
1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from formats.truth import T, Truth

from neurop.geometry.grid import Grid

TIMES = np.datetime64("2026-02-01T00", "ns") + np.arange(T) * np.timedelta64(6, "h")
LATITUDE, LONGITUDE, LEVELS = np.linspace(90, -90, 7), np.arange(0, 360, 45.0), (500.0, 850.0)
ABOUT = {
    "msl": {"units": "Pa", "long_name": "pressure"},
    "z": {"units": "m**2 s**-2"},
    "t": {"units": "K"},
}


def smooth(
    kind: float, time: np.ndarray, latitude: np.ndarray, longitude: np.ndarray
) -> np.ndarray:
    """Return (time, latitude, longitude) of a field that is a function of its coordinates: any
    order of the points has one truth.
    """
    la, lo, t = (
        np.deg2rad(latitude)[:, None],
        np.deg2rad(longitude),
        np.arange(len(time))[:, None, None],
    )
    return (280 + kind + 10 * np.sin(la) + 5 * np.cos(la) * np.sin(lo + 0.3 * t)).astype(np.float32)


def globe(
    latitude: np.ndarray = LATITUDE, longitude: np.ndarray = LONGITUDE, levels: Sequence[float] = ()
) -> xr.Dataset:
    coords = {"valid_time": TIMES, "latitude": latitude, "longitude": longitude}
    dims: tuple[str, ...] = ("valid_time", "latitude", "longitude")
    if not levels:
        return xr.Dataset(
            {"msl": (dims, smooth(0, TIMES, latitude, longitude), ABOUT["msl"])}, coords
        )
    dims = ("valid_time", "pressure_level", *dims[1:])
    columns = {
        name: (
            dims,
            np.stack([smooth(part + lev / 10, TIMES, latitude, longitude) for lev in levels], 1),
            ABOUT[name],
        )
        for part, name in ((0, "z"), (100, "t"))
    }
    return xr.Dataset(
        columns, coords | {"pressure_level": ("pressure_level", np.array(levels), {"units": "hPa"})}
    )


def truth(
    form: str, grid: Grid, levels: bool = True, shape: tuple[int, int] = (7, 8), **more: Any
) -> Truth:
    latitude, longitude = grid.coordinates(shape).values()
    if not levels:
        values = smooth(0, TIMES, latitude, longitude)[None, :, None]
        return Truth(form, ("msl",), values, grid, TIMES, units=("Pa",), **more)
    values = np.stack(
        [
            smooth(part + lev / 10, TIMES, latitude, longitude)
            for part in (0, 100)
            for lev in LEVELS
        ],
        1,
    )[None]
    names, units = ("z500", "z850", "t500", "t850"), ("m**2 s**-2",) * 2 + ("K",) * 2
    if form == "Zarr":  # which lists its arrays by name
        values, names, units = np.roll(values, 2, 2), names[2:] + names[:2], units[2:] + units[:2]
    return Truth(form, names, values, grid, TIMES, units=units, **more)


def _netcdf4(data: xr.Dataset, path: Path, **encoding: Any) -> None:
    data.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def cds_today(path: Path) -> Truth:
    """Level 850 first, expver a text per time, number a scalar; deflated with shuffle, seconds
    since 1970.
    """
    data = globe(levels=LEVELS[::-1]).assign_coords(
        number=0, expver=("valid_time", ["0001"] * 2 + ["0005"] * (T - 2))
    )
    data.pressure_level.attrs["stored_direction"] = "decreasing"
    packed = {
        "zlib": True,
        "complevel": 1,
        "shuffle": True,
        "_FillValue": np.float32(np.nan),
        "chunksizes": (2, 1, 7, 8),
    }
    time = {
        "units": "seconds since 1970-01-01",
        "calendar": "proleptic_gregorian",
        "dtype": "int64",
    }
    _netcdf4(data, path, z=packed, t=packed, valid_time=time)
    return truth("NetCDF 4", Grid.latlon())


def cds_before_2024(path: Path) -> Truth:
    """NetCDF 3: int16 with scale and offset, int32 hours since 1900, level ascending, expver a
    dimension with NaN where absent.
    """
    data = globe(levels=LEVELS).rename(valid_time="time", pressure_level="level")
    data = data.assign_coords(level=("level", np.array(LEVELS, "i4"), {"units": "millibars"}))
    final, preliminary = data.where(data.time < TIMES[2]), data.where(data.time >= TIMES[2])
    data = xr.concat(
        [preliminary, final], xr.DataArray(np.array([5, 1], "i4"), dims="expver", name="expver")
    )
    data = data.transpose("time", "expver", "level", "latitude", "longitude")
    packed = {
        "dtype": "int16",
        "scale_factor": 0.01,
        "add_offset": 300.0,
        "_FillValue": np.int16(-32767),
    }
    time = {"units": "hours since 1900-01-01 00:00:0.0", "dtype": "int32"}
    data.to_netcdf(
        path,
        engine="scipy",
        format="NETCDF3_64BIT",
        encoding={"z": packed, "t": packed, "time": time},
    )
    return truth("NetCDF 3", Grid.latlon(), tolerance=3e-5)


def cfgrib(path: Path) -> Truth:
    """number, time, isobaricInhPa as stored, a scalar step and valid_time alongside time."""
    data = globe(levels=LEVELS[::-1]).rename(valid_time="time", pressure_level="isobaricInhPa")
    data = xr.concat(
        [data, data + 1],
        xr.DataArray([0, 1], dims="number", name="number"),
        combine_attrs="override",
    )
    for name in ("z", "t"):
        data[name].attrs = ABOUT[name]
    data = data.assign_coords(step=np.timedelta64(0, "ns"), valid_time=("time", TIMES))
    _netcdf4(data, path)
    one = truth("NetCDF 4", Grid.latlon())
    return Truth(
        one.format,
        one.fields,
        np.concatenate([one.values, one.values + 1]),
        one.grid,
        TIMES,
        units=one.units,
        tolerance=1e-6,
    )


def weatherbench1(path: Path) -> Truth:
    """Latitude (lat) ascending without poles, lon, a scalar level."""
    latitude = -90 + 30 * (np.arange(6) + 0.5)
    data = (
        globe(latitude)
        .rename(valid_time="time", latitude="lat", longitude="lon")
        .assign_coords(level=np.int32(500))
    )
    _netcdf4(data, path)
    return truth("NetCDF 4", Grid.latlon(poles=False), False, (6, 8))


def _zarr(data: xr.Dataset, path: Path, version: int = 2, **encoding: Any) -> None:
    pytest.importorskip("zarr")
    data.to_zarr(path, mode="w", zarr_format=version, encoding=encoding, consolidated=version == 2)


def weatherbench2_raw(path: Path) -> Truth:
    """Fields with and without levels, and one without a time."""
    data = globe(levels=LEVELS).rename(valid_time="time", pressure_level="level")
    data["land_sea_mask"] = (("latitude", "longitude"), np.ones((7, 8), "f4"))
    data["msl"] = (
        ("time", "latitude", "longitude"),
        smooth(0, TIMES, LATITUDE, LONGITUDE),
        ABOUT["msl"],
    )
    _zarr(data, path, z={"chunks": (2, 2, 7, 8)})
    levels, surface = truth("Zarr", Grid.latlon()), truth("Zarr", Grid.latlon(), False)
    values = np.concatenate([surface.values, levels.values], 2)
    return replace(
        levels, fields=("msl", *levels.fields), values=values, units=("Pa", *levels.units)
    )


def weatherbench2_conservative(path: Path) -> Truth:
    """Regridded: longitude before latitude, latitude ascending, no poles."""
    data = globe(-90 + 30 * (np.arange(6) + 0.5), levels=LEVELS).rename(
        valid_time="time", pressure_level="level"
    )
    _zarr(data.transpose("time", "level", "longitude", "latitude"), path, 3)
    return truth("Zarr", Grid.latlon(poles=False), shape=(6, 8))


def weatherbench2_with_poles(path: Path) -> Truth:
    """Regridded, levels descending, as the forecasts of Pangu."""
    data = globe(LATITUDE[::-1], levels=LEVELS[::-1]).rename(
        valid_time="time", pressure_level="level"
    )
    _zarr(data.transpose("time", "level", "longitude", "latitude"), path)
    return truth("Zarr", Grid.latlon())


def weatherbench2_gauss(path: Path) -> Truth:
    grid = Grid.latlon(gauss=True)
    latitude = grid.coordinates((6, 8))["latitude"][::-1]
    _zarr(
        globe(latitude).rename(valid_time="time").transpose("time", "longitude", "latitude"), path
    )
    return truth("Zarr", grid, False, (6, 8))


def weatherbench2_forecast(path: Path) -> Truth:
    """Each start is a sample, the lead is the time."""
    data = (
        globe()
        .rename(valid_time="prediction_timedelta")
        .assign_coords(prediction_timedelta=6 * np.arange(T))
    )
    data.prediction_timedelta.attrs["units"] = "hours"
    starts = xr.DataArray(TIMES[:2], dims="time", name="time")
    data = xr.concat([data, data + 1], starts, combine_attrs="override")
    data.msl.attrs = ABOUT["msl"]
    _zarr(data.transpose("time", "prediction_timedelta", "longitude", "latitude"), path)
    one = truth("Zarr", Grid.latlon(), False)
    values = np.concatenate([one.values, one.values + 1])
    return Truth(
        "Zarr", ("msl",), values, one.grid, 6 * np.arange(T), units=("Pa",), tolerance=1e-6
    )


CASES: dict[str, Callable[[Path], Truth]] = {
    "CDS today": cds_today,
    "CDS before 2024": cds_before_2024,
    "cfgrib": cfgrib,
    "WeatherBench 1": weatherbench1,
    "WeatherBench 2 raw": weatherbench2_raw,
    "WeatherBench 2 conservative": weatherbench2_conservative,
    "WeatherBench 2 with poles": weatherbench2_with_poles,
    "WeatherBench 2 Gauss": weatherbench2_gauss,
    "WeatherBench 2 forecast": weatherbench2_forecast,
}
"""Every layout by its name."""
