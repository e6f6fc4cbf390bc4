from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from raising import raises_input

import neurop.datasets
from neurop.errors import InputError
from neurop.formats.assemble import assemble
from neurop.formats.choose import ReadOptions
from neurop.formats.detect import file_content
from neurop.formats.readers import netcdf
from neurop.geometry.grid import Grid

SAMPLE = Path(neurop.datasets.__file__).parent / "samples" / "era5_msl_2025-2026_djf_2.5x2.5.nc"
TIMES = np.datetime64("2026-02-01T00", "ns") + np.arange(5) * np.timedelta64(6, "h")
LATITUDE, LONGITUDE = np.linspace(90, -90, 7), np.arange(0, 360, 45.0)


def data(latitude=LATITUDE, longitude=LONGITUDE, times=TIMES) -> xr.Dataset:
    """Return a smooth field that is a function of its coordinates, so that every order of the
    axes has one truth.
    """
    la, lo = np.deg2rad(latitude)[:, None], np.deg2rad(longitude)
    values = [
        100000 + 1000 * np.sin(la) + 500 * np.cos(la) * np.sin(lo + 0.3 * t)
        for t in range(len(times))
    ]
    return xr.Dataset(
        {
            "msl": (
                ("valid_time", "latitude", "longitude"),
                np.array(values, np.float32),
                {"units": "Pa", "long_name": "pressure"},
            )
        },
        {
            "valid_time": times,
            "latitude": latitude,
            "longitude": longitude,
            "number": 0,
            "expver": ("valid_time", ["0001"] * len(times)),
        },
    )


def mixed_versions() -> xr.Dataset:
    plain = data().drop_vars("expver")
    final, preliminary = (
        plain.where(plain.valid_time < TIMES[3]),
        plain.where(plain.valid_time >= TIMES[3]),
    )
    return xr.concat([preliminary, final], xr.DataArray([5, 1], dims="expver", name="expver"))


OLD = {"valid_time": "time", "latitude": "lat", "longitude": "lon"}
PACKED = {
    "msl": {"dtype": "int16", "scale_factor": 0.1, "add_offset": 100000.0, "_FillValue": -32767}
}
VARIANTS = {
    "as the Climate Data Store writes it": data(),
    "latitude ascending": data().isel(latitude=slice(None, None, -1)),
    "longitude from -180": data(longitude=np.arange(-180, 180, 45.0)),
    "longitude from 90 to 405": data(longitude=np.arange(90, 450, 45.0)),
    "both ends of the circle": data(longitude=np.arange(0, 361, 45.0)),
    "dimensions in another order": data().transpose("longitude", "valid_time", "latitude"),
    "time backwards": data().isel(valid_time=slice(None, None, -1)),
    "old names": data().rename(OLD),
    "float32 coordinates": data().assign_coords(
        longitude=data().longitude.astype("f4"), latitude=data().latitude.astype("f4")
    ),
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
    np.testing.assert_array_equal(fields.times.values, TIMES)
    assert [(f.name, f.unit, f.long_name) for f in fields.fields] == [("msl", "Pa", "pressure")]
    assert fields.step == np.timedelta64(6, "h")


@pytest.mark.parametrize(
    "how",
    [{"engine": "h5netcdf"}, {"engine": "scipy", "format": "NETCDF3_CLASSIC"}, {"engine": "scipy"}],
)
def test_packed_integers_old_names_and_netcdf3(tmp_path, how):
    content = data().drop_vars("expver").rename(OLD)
    path = write(
        tmp_path / "a.nc",
        content,
        encoding={**PACKED, "time": {"units": "hours since 1900-01-01", "dtype": "int32"}},
        **how,
    )
    fields = netcdf.read(path)
    np.testing.assert_allclose(fields.values[0, :, 0], data().msl.values, atol=0.06)
    np.testing.assert_array_equal(fields.times.values, TIMES)
    assert fields.grid == Grid.latlon()


def test_levels_become_channels_and_members_samples(tmp_path):
    one = data().drop_vars(["number", "expver"]).rename(msl="z")
    levels = xr.concat(
        [one + 1, one + 2],
        xr.DataArray([850.0, 500.0], dims="pressure_level", name="pressure_level"),
    )
    members = xr.concat([levels, levels + 10], xr.DataArray([0, 1], dims="number", name="number"))
    fields = netcdf.read(write(tmp_path / "a.nc", members))
    assert [f.name for f in fields.fields] == ["z500", "z850"]
    assert fields.values.shape == (2, 5, 2, 7, 8)
    offsets = fields.values - data().msl.values[None, :, None]
    np.testing.assert_allclose(offsets[:, 0, :, 0, 0], [[2, 1], [12, 11]], atol=0.01)


def test_grid_without_poles_or_with_one_and_late_start(tmp_path):
    fields = netcdf.read(
        write(
            tmp_path / "a.nc",
            data(latitude=np.linspace(-75, 75, 6), longitude=np.arange(22.5, 360, 45)),
        )
    )
    assert fields.grid.axes[0] == Grid.latlon(poles=False).axes[0]
    np.testing.assert_allclose(
        fields.grid.coordinates((6, 8))["longitude"], np.arange(22.5, 360, 45)
    )
    fields = netcdf.read(write(tmp_path / "b.nc", data(latitude=np.arange(90, -90, -30.0))))
    np.testing.assert_allclose(
        fields.grid.coordinates((6, 8))["latitude"], np.arange(90, -90, -30.0)
    )


@pytest.mark.parametrize("west", [350.0, -10.0])
def test_a_part_of_the_globe_across_0_is_open_with_the_area_of_the_sphere(tmp_path, west):
    longitude = (
        np.mod(west + np.arange(0, 25, 5.0) + 180, 360) - 180
        if west < 0
        else np.mod(west + np.arange(0, 25, 5.0), 360)
    )
    content = data(latitude=np.arange(40, 61, 5.0), longitude=longitude)
    # Sorted by number, as some tools store it: 0, 5, 10, 350, 355.
    fields = netcdf.read(write(tmp_path / "a.nc", content.sortby("longitude")))
    assert fields.grid.geometry == "sphere"
    area = np.cos(np.deg2rad(np.arange(60, 39, -5.0)))
    np.testing.assert_allclose(fields.grid.weights((5, 5))[:, 0], area / area.mean(), rtol=1e-12)
    assert [(a.boundary, a.start, a.length, a.layout) for a in fields.grid.axes] == [
        ("open", 60, -20, "ends"),
        ("open", west, 20, "ends"),
    ]
    np.testing.assert_allclose(fields.values[0, :, 0], content.msl.values[:, ::-1], rtol=1e-7)


def test_a_band_round_the_globe_is_periodic_in_longitude(tmp_path):
    fields = netcdf.read(write(tmp_path / "a.nc", data(latitude=np.arange(-20, 21, 10.0))))
    assert [(a.name, a.boundary) for a in fields.grid.axes] == [
        ("latitude", "open"),
        ("longitude", "periodic"),
    ]
    assert fields.grid.axes[0].coordinates(5).tolist() == [20, 10, 0, -10, -20]


def test_a_lead_time_makes_each_start_a_sample(tmp_path):
    fields = netcdf.read(
        write(
            tmp_path / "a.nc",
            data()
            .drop_vars("expver")
            .expand_dims(step=np.array([0, 6, 12]))
            .rename(valid_time="time"),
        )
    )
    assert fields.values.shape == (5, 3, 1, 7, 8)
    np.testing.assert_array_equal(fields.times.values, [0, 6, 12])


def test_bounds_of_the_times_are_no_fields(tmp_path):
    values, points = (
        np.zeros((5, 4, 3)),
        {"x": np.arange(4) / 4, "y": np.arange(3) / 3, "time": TIMES},
    )
    content = xr.Dataset(
        {"u": (("time", "x", "y"), values), "time_bnds": (("time", "bnds"), np.zeros((5, 2)))},
        points,
    )
    options = ReadOptions(boundary="periodic")
    made = assemble(file_content(write(tmp_path / "a.nc", content)), options)
    assert [f.name for f in made.fields] == ["u"]


def test_real_file():
    fields = netcdf.read(SAMPLE)
    assert fields.values.shape == (1, 360, 1, 73, 144)
    assert fields.grid == Grid.latlon()
    with xr.open_dataset(SAMPLE, engine="h5netcdf") as raw:
        np.testing.assert_array_equal(fields.values[0, :, 0], raw.msl.values)
    assert (fields.times.values[0], fields.times.values[-1]) == (
        np.datetime64("2025-12-01T00"),
        np.datetime64("2026-02-28T18"),
    )
    assert (fields.fields[0].name, fields.fields[0].unit) == ("msl", "Pa")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (data(times=np.delete(TIMES, 2)), "time step 6 h becomes 12 h at 2026-02-01T18:00"),
        (data(times=TIMES[[0, 0, 0]]), "occurs twice"),
        (
            data(latitude=np.array([90, 80, 20, -20, -90.0])),
            r"5 \(-90..90\) latitudes",
        ),
        (data(latitude=np.array([60, 50, 20, 10.0])), "axis 'latitude' is not uniform"),
        (
            data(longitude=np.array([0, 10, 60, 340.0])),
            r"4 \(0..340\) longitudes",
        ),
        (data(longitude=np.array([0, 10, 60.0])), "axis 'longitude' is not uniform"),
        (data(longitude=np.array([0, 90, 180, 180, 270.0])), "some occur twice"),
        (data().drop_vars("latitude"), "no coordinate of 'latitude'"),
        (data().isel(valid_time=0, drop=True), "give input"),
        (data().where(data().longitude != 90), "'msl' of sample 0, frame 0 is nan"),
        (data().drop_vars("msl"), "with no array"),
        (
            data().assign_coords(valid_time=np.array(list("abcde"))),
            "times.*step",
        ),
    ],
)
def test_unusable_content_is_one_line(tmp_path, content, message):
    path = write(tmp_path / "a.nc", content)
    key, value = ("field", "msl") if "nan" in message else ("path", str(path))
    with raises_input(key, value, message) as error:
        netcdf.read(path)
    assert str(path) in str(error.value)


def test_unknown_variable_is_named_with_the_nearest():
    with raises_input("input", "mslp", "did you mean 'msl'"):
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
