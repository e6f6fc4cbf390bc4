"""Files of predictions: written in blocks, complete or not there, opened by plain xarray."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raising import raises_input

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.predictions.array_file import check_suffix, prediction_file
from neurop.predictions.stations import read_stations
from neurop.predictions.table_file import table_file

DATES = np.datetime64("2026-03-01", "ns") + np.arange(5) * np.timedelta64(90, "m")
U = np.random.default_rng(0).normal(size=(3, 5, 4))


def whole() -> xr.Dataset:
    """Return predictions with all kinds of coordinates."""
    return xr.Dataset(
        {"u": (("sample", "time", "x"), U, {"units": "m s-1", "long_name": "velocity"})},
        {
            "time": ("time", DATES, {"standard_name": "time"}),
            "lead": ("time", 1.5 * np.arange(1, 6), {"units": "h"}),
            "x": ("x", np.arange(4) / 4, {"units": "m"}),
            "nu": ("sample", [1e-3, 1e-4, 1e-5], {"units": "m2 s-1"}),
            "name": ("x", np.array(["a", "bee", "Ärø", "d"], object)),
            "forecast_reference_time": DATES[0] - np.timedelta64(90, "m"),
        },
        {"Conventions": "CF-1.11"},
    )


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_blocks_become_one_file(suffix: str, tmp_path: Path) -> None:
    path, data = tmp_path / f"made{suffix}", whole()
    header = xr.Dataset(coords=data.coords, attrs=data.attrs)
    with prediction_file(path, header, dict(data.sizes)) as file:
        for first in (0, 2):
            for step in (0, 3):
                where = {"sample": slice(first, first + 2), "time": slice(step, step + 3)}
                where = {d: slice(w.start, min(w.stop, data.sizes[d])) for d, w in where.items()}
                file.write(data.isel(where), where)
    with xr.open_dataset(path) as made:
        np.testing.assert_array_equal(made.u, U.astype(np.float32))
        assert made.u.attrs == data.u.attrs
        assert made.u.dims == ("sample", "time", "x")
        np.testing.assert_array_equal(made.time, DATES)
        assert made.forecast_reference_time == DATES[0] - np.timedelta64(90, "m")
        assert made.name.values.tolist() == ["a", "bee", "Ärø", "d"]
        assert set(made.coords) == set(data.coords)
        assert (made.nu.units, made.attrs["Conventions"]) == ("m2 s-1", "CF-1.11")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.trust(
    "A full disk is one line, and nothing half-written stays",
    "prediction",
)
def test_a_full_disk_ends_the_prediction_at_once(tmp_path: Path) -> None:
    path, frame = tmp_path / "made.nc", np.zeros((1, 1, 2**16), np.float32)
    data = xr.Dataset({"u": (("sample", "time", "x"), frame)})
    limits, written = resource.getrlimit(resource.RLIMIT_FSIZE), []

    def write() -> None:
        with prediction_file(path, xr.Dataset(), {**data.sizes, "time": 1000}) as file:
            for step in range(1000):
                file.write(data, {"time": slice(step, step + 1)})
                written.append(step)

    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        with pytest.raises(InputError, match="File too large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    # 2 ** 20 bytes hold four frames; the library keeps up to a chunk of four in memory.
    assert len(written) < 12
    assert list(tmp_path.iterdir()) == []


@pytest.mark.trust(
    "An output file is complete or not there",
    "an error or Ctrl-C between blocks",
)
@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_file_is_not_there(suffix: str, error: type, tmp_path: Path) -> None:
    path, data = tmp_path / f"made{suffix}", whole()

    def interrupted() -> None:
        with prediction_file(path, data[["x"]], dict(data.sizes)) as file:
            file.write(data.isel(time=[0])[["u"]], {"time": slice(0, 1)})
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    with prediction_file(path, data[["x"]], dict(data.sizes)) as file:
        file.write(data[["u"]], {})
    with pytest.raises(error):
        interrupted()
    with xr.open_dataset(path) as made:  # the earlier one stays
        np.testing.assert_array_equal(made.u, U.astype(np.float32))


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_file_is_replaced_as_a_whole(suffix: str, tmp_path: Path) -> None:
    path, data = tmp_path / f"made{suffix}", whole()
    for factor in (1, 2):
        with prediction_file(path, data[["x"]], dict(data.sizes)) as file:
            file.write(factor * data[["u"]], {})
    with xr.open_dataset(path) as made:
        np.testing.assert_array_equal(made.u, (2 * U).astype(np.float32))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_is_not_written_is_missing(tmp_path: Path) -> None:
    data = whole()
    with prediction_file(tmp_path / "a.nc", data[["x"]], dict(data.sizes)) as file:
        file.write(data.isel(time=[1])[["u"]], {"time": slice(1, 2)})
    with xr.open_dataset(tmp_path / "a.nc") as made:
        np.testing.assert_array_equal(np.isfinite(made.u[0, :, 0]), np.arange(5) == 1)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.nc4"])
def test_other_suffixes_are_refused(name: str) -> None:
    with raises_input("output", name):
        check_suffix(Path(name))


def test_a_table_has_a_row_per_sample_time_and_station(tmp_path: Path) -> None:
    data = whole().rename(x="station").assign_coords(station_name=("station", list("abcd")))
    data = data.drop_vars(["station", "nu", "name", "forecast_reference_time"])
    with table_file(tmp_path / "a.csv", data) as file:
        for step in range(5):
            where = {"sample": slice(0, 3), "time": slice(step, step + 1)}
            file.write(data.isel(time=[step]), where)
    lines = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()]
    assert lines[0] == ["sample", "time", "lead (h)", "station_name", "u (m s-1)"]
    assert len(lines) == 1 + 3 * 5 * 4
    assert lines[1][:4] == ["0", "2026-03-01T00:00:00Z", "1.5", "a"]
    assert lines[-1][:4] == ["2", "2026-03-01T06:00:00Z", "7.5", "d"]
    assert float(lines[-1][4]) == pytest.approx(U[2, 4, 3], rel=1e-8)


def test_times_that_count_from_a_date_keep_it_in_a_table(tmp_path: Path) -> None:
    data = whole().rename(x="station").isel(sample=0, drop=True)
    about = {"units": "days since 1850-01-01", "calendar": "noleap"}
    header = data.drop_vars("u").assign_coords(time=("time", 36500.0 + np.arange(5), about))
    with table_file(tmp_path / "a.csv", header) as file:
        for step in range(5):
            block = data.isel(time=[step]).assign_coords(time=[float(step)])
            file.write(block, {"sample": slice(0, 1), "time": slice(step, step + 1)})
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].startswith("time (days since 1850-01-01),lead (h),")
    assert [line.split(",")[0] for line in lines[1::4]] == [str(36500 + i) for i in range(5)]


def test_stations_have_the_columns_of_the_axes(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("\ufeffid; lon ;height;LAT\nP;13.1;81;52.4\n;-180;0;-90\n", encoding="utf-8")
    found = read_stations(path, Grid.latlon())
    assert (found.points.tolist(), found.names) == ([[52.4, 13.1], [-90.0, -180.0]], ("P", "1"))
    path.write_text("x,y\n0.5,1\n")
    assert read_stations(path, Grid.periodic(2)).names == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "first line"),
        ("x\n1\n", "column 'y'"),
        ("x,y\n", "no station"),
        ("x,y\n1,2\n3,four\n", "line 3"),
        ("x,y\n\n1,2\n\n3,four\n", "line 5"),
        ("x,y\n1\n", "line 2"),
        ("x,y\n1,nan\n", "finite"),
    ],
)
def test_a_wrong_table_is_one_line(text: str, what: str, tmp_path: Path) -> None:
    path: Any = tmp_path / "s.csv"
    path.write_text(text)
    with raises_input("path", str(path), what):
        read_stations(path, Grid.periodic(2))
    with raises_input("path", str(tmp_path / "absent.csv")):
        read_stations(tmp_path / "absent.csv", Grid.periodic(2))
