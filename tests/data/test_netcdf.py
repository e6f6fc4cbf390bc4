from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import neurop.datasets
from neurop.data.adapters import netcdf
from neurop.errors import InputError
from neurop.physics.grid import Grid

SAMPLE = Path(neurop.datasets.__file__).parent / "samples" / "era5_msl_2025-2026_djf_2.5x2.5.nc"
TIMES = np.datetime64("2026-02-01T00", "ns") + np.arange(5) * np.timedelta64(6, "h")
LATITUDE, LONGITUDE = np.linspace(90, -90, 7), np.arange(0, 360, 45.0)


def data(latitude=LATITUDE, longitude=LONGITUDE, times=TIMES) -> xr.Dataset:
    """Return a smooth field that is a function of its coordinates, so that every order of the axes has one truth."""
    la, lo = np.deg2rad(latitude)[:, None], np.deg2rad(longitude)
    values = [100000 + 1000 * np.sin(la) + 500 * np.cos(la) * np.sin(lo + 0.3 * t) for t in range(len(times))]
    return xr.Dataset(
        {"msl": (("valid_time", "latitude", "longitude"), np.array(values, np.float32), {"units": "Pa", "long_name": "pressure"})},
        {"valid_time": times, "latitude": latitude, "longitude": longitude, "number": 0, "expver": ("valid_time", ["0001"] * len(times))},
    )


def mixed_versions() -> xr.Dataset:
    plain = data().drop_vars("expver")
    final, preliminary = plain.where(plain.valid_time < TIMES[3]), plain.where(plain.valid_time >= TIMES[3])
    return xr.concat([preliminary, final], xr.DataArray([5, 1], dims="expver", name="expver"))


OLD = {"valid_time": "time", "latitude": "lat", "longitude": "lon"}
PACKED = {"msl": {"dtype": "int16", "scale_factor": 0.1, "add_offset": 100000.0, "_FillValue": -32767}}
VARIANTS = {
    "as the Climate Data Store writes it": data(),
    "latitude ascending": data().isel(latitude=slice(None, None, -1)),
    "longitude from -180": data(longitude=np.arange(-180, 180, 45.0)),
    "longitude from 90 to 405": data(longitude=np.arange(90, 450, 45.0)),
    "both ends of the circle": data(longitude=np.arange(0, 361, 45.0)),
    "dimensions in another order": data().transpose("longitude", "valid_time", "latitude"),
    "time backwards": data().isel(valid_time=slice(None, None, -1)),
    "old names": data().rename(OLD),
    "float32 coordinates": data().assign_coords(longitude=data().longitude.astype("f4"), latitude=data().latitude.astype("f4")),
    "two versions": mixed_versions(),
}


def write(path: Path, content: xr.Dataset, **how: object) -> Path:
    content.to_netcdf(path, **({"engine": "h5netcdf"} | how))
    return path


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_layout_gives_one_set(tmp_path, variant):
    fields = netcdf.read(write(tmp_path / "a.nc", VARIANTS[variant]))
    np.testing.assert_allclose(fields.values[0, :, 0], data().msl.values, rtol=3e-7)
    assert fields.values.shape == (1, 5, 1, 7, 8)
    assert fields.values.dtype == np.float32
    assert fields.grid == Grid.latlon()
    np.testing.assert_array_equal(fields.times, TIMES)
    assert [(f.name, f.unit, f.long_name) for f in fields.fields] == [("msl", "Pa", "pressure")]
    assert fields.step == np.timedelta64(6, "h")


@pytest.mark.parametrize("how", [{"engine": "h5netcdf"}, {"engine": "scipy", "format": "NETCDF3_CLASSIC"}, {"engine": "scipy"}])
def test_packed_integers_old_names_and_netcdf3(tmp_path, how):
    content = data().drop_vars("expver").rename(OLD)
    path = write(tmp_path / "a.nc", content, encoding={**PACKED, "time": {"units": "hours since 1900-01-01", "dtype": "int32"}}, **how)
    fields = netcdf.read(path)
    np.testing.assert_allclose(fields.values[0, :, 0], data().msl.values, atol=0.06)
    np.testing.assert_array_equal(fields.times, TIMES)
    assert fields.grid == Grid.latlon()


def test_levels_become_channels_and_members_samples(tmp_path):
    one = data().drop_vars(["number", "expver"]).rename(msl="z")
    levels = xr.concat([one + 1, one + 2], xr.DataArray([850.0, 500.0], dims="pressure_level", name="pressure_level"))
    members = xr.concat([levels, levels + 10], xr.DataArray([0, 1], dims="number", name="number"))
    fields = netcdf.read(write(tmp_path / "a.nc", members))
    assert [f.name for f in fields.fields] == ["z850", "z500"]
    assert fields.values.shape == (2, 5, 2, 7, 8)
    offsets = fields.values - data().msl.values[None, :, None]
    np.testing.assert_allclose(offsets[:, 0, :, 0, 0], [[1, 2], [11, 12]], atol=0.01)


def test_grid_without_poles_or_with_one_and_late_start(tmp_path):
    fields = netcdf.read(write(tmp_path / "a.nc", data(latitude=np.linspace(-75, 75, 6), longitude=np.arange(22.5, 360, 45))))
    assert fields.grid.axes[0] == Grid.latlon(poles=False).axes[0]
    np.testing.assert_allclose(fields.grid.coordinates((6, 8))["longitude"], np.arange(22.5, 360, 45))
    fields = netcdf.read(write(tmp_path / "b.nc", data(latitude=np.arange(90, -90, -30.0))))
    np.testing.assert_allclose(fields.grid.coordinates((6, 8))["latitude"], np.arange(90, -90, -30.0))


def test_real_file():
    fields = netcdf.read(SAMPLE)
    assert fields.values.shape == (1, 360, 1, 73, 144)
    assert fields.grid == Grid.latlon()
    with xr.open_dataset(SAMPLE, engine="h5netcdf") as raw:
        np.testing.assert_array_equal(fields.values[0, :, 0], raw.msl.values)
    assert (fields.times[0], fields.times[-1]) == (np.datetime64("2025-12-01T00"), np.datetime64("2026-02-28T18"))
    assert (fields.fields[0].name, fields.fields[0].unit) == ("msl", "Pa")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (data(times=np.delete(TIMES, 2)), "time step 6 h becomes 12 h at 2026-02-01T18:00"),
        (data(times=TIMES[[0, 0, 0]]), "occurs twice"),
        (data(latitude=np.array([90, 80, 20, -20, -90.0])), "latitudes are not regular"),
        (data(latitude=np.linspace(60, 20, 5)), "global regular grid"),
        (data(longitude=np.arange(0, 180, 45.0)), "no regular full circle"),
        (data().drop_vars("latitude"), "no dimension latitude or lat"),
        (data().rename(valid_time="t"), "no dimension valid_time or time"),
        (data().where(data().longitude != 90), "'msl' of sample 0, frame 0 is nan"),
        (data().expand_dims(step=2), "dimension 'step'"),
        (data().drop_vars("msl"), "no variable"),
        (data().assign_coords(valid_time=np.arange(5)), "not a date"),
    ],
)
def test_unusable_content_is_one_line(tmp_path, content, message):
    path = write(tmp_path / "a.nc", content)
    with pytest.raises(InputError, match=message) as error:
        netcdf.read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_variable_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"no variable 'mslp'.*did you mean 'msl'"):
        netcdf.read(SAMPLE, ["mslp"])


@pytest.mark.parametrize("begin", [b"", b"text", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"CDF\x01"])
def test_other_files_are_one_line(tmp_path, begin):
    path = tmp_path / "a.nc"
    path.write_bytes(begin + bytes(64) if begin else begin)
    with pytest.raises(InputError) as error:
        netcdf.read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_one_line(tmp_path, share):
    whole = write(tmp_path / "whole.nc", data()).read_bytes()
    path = tmp_path / "a.nc"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError) as error:
        netcdf.read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
