"""Axes are what a file says they are; what it does not say is asked for, never assumed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from raising import raises_input

from neurop.datasets.file import File
from neurop.errors import InputError
from neurop.formats.axes import axis_of
from neurop.formats.content import Coordinate
from neurop.formats.inspect import inspect
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

LATITUDE, LONGITUDE = np.linspace(90, -90, 5), np.arange(8) * 45.0
VALUES = np.random.default_rng(0).normal(size=(6, 5, 8)).astype("f4")
NORTH, EAST = {"units": "degrees_north"}, {"units": "degrees_east"}


def written(path: Path, dims: tuple[str, ...], values: np.ndarray = VALUES, **coords: Any) -> str:
    data = xr.Dataset({"t": (dims, values, {"units": "K"})}, {"time": np.arange(6.0), **coords})
    data.to_netcdf(path, engine="h5netcdf")
    return str(path)


@pytest.mark.parametrize(
    ("names", "north", "east", "factor"),
    [
        (("g0_lat_1", "g0_lon_2"), NORTH, EAST, 1.0),
        (("grid_yt", "grid_xt"), {"units": "degree_N"}, {"units": "degree_E"}, 1.0),
        (("y", "x"), {"standard_name": "latitude"}, {"standard_name": "longitude"}, 1.0),
        (("j", "i"), {"axis": "Y", "units": "degrees"}, {"axis": "X", "units": "degrees"}, 1.0),
        (("lat", "lon"), {"units": "radians"}, {"units": "radians"}, np.pi / 180),
        (("lat", "lon"), {}, {}, np.pi / 180),
        (("idlat", "idlon"), {"standard_name": "latitude", "units": "rad"},
         {"standard_name": "longitude", "units": "rad"}, np.pi / 180),
    ],
)  # fmt: skip
def test_latitude_and_longitude_are_known_by_their_attributes(
    names: tuple[str, str], north: dict, east: dict, factor: float, tmp_path: Path
) -> None:
    lat, lon = names
    coords = {lat: (lat, LATITUDE * factor, north), lon: (lon, LONGITUDE * factor, east)}
    made = File(written(tmp_path / "a.nc", ("time", lat, lon), **coords))._all
    assert made.grid == Grid.latlon()
    np.testing.assert_array_equal(made.values[0, :, 0], VALUES)


def test_longitudes_beyond_360_go_round_the_globe(tmp_path: Path) -> None:
    east = np.linspace(20, 335, 8)
    coords = {"lat": ("lat", LATITUDE, NORTH), "navlon": ("navlon", east + 22.5, EAST)}
    made = File(written(tmp_path / "a.nc", ("time", "lat", "navlon"), **coords))._all
    assert [a.boundary for a in made.grid.axes] == ["open", "periodic"]


def test_scattered_and_curvilinear_points_are_refused_by_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cells = {"clat": ("cell", rng.uniform(-90, 90, 40), NORTH)}
    cells["clon"] = ("cell", rng.uniform(0, 360, 40), EAST)
    path = written(tmp_path / "icon.nc", ("time", "cell"), VALUES.reshape(6, 40), **cells)
    with raises_input("path", path, "scattered or unstructured: 'clat' and 'clon'"):
        File(path)._all  # noqa: B018
    assert "unstructured" in inspect(path).hint
    x, y = np.meshgrid(np.linspace(-5, 5, 8), np.linspace(40, 50, 5))
    both = {"nav_lat": (("y", "x"), y + 0.1 * x), "nav_lon": (("y", "x"), x)}
    path = written(tmp_path / "nemo.nc", ("time", "y", "x"), **both)
    with raises_input("path", path, "curvilinear: 'nav_lat' and 'nav_lon' vary over"):
        File(path, boundary="open")._all  # noqa: B018
    with h5py.File(tmp_path / "cells.h5", "w") as file:
        data = {"u": VALUES.reshape(6, 40), "lat": rng.normal(size=40), "lon": rng.normal(size=40)}
        for name, values in data.items():
            file[name] = values
            file[name].attrs["dims"] = ["time", "cell"][-values.ndim :]
    path = str(tmp_path / "cells.h5")
    with raises_input("path", path, "unstructured"):
        File(path, "u")._all  # noqa: B018


@pytest.mark.parametrize(
    ("name", "about", "levels", "fields"),
    [
        ("lev", {"units": "hPa", "positive": "down"}, [1000, 850], ("t850", "t1000")),
        ("plev", {"units": "Pa"}, [85000, 50000], ("t500", "t850")),
        ("isobaric", {}, [500, 850], ("t500", "t850")),
        ("deptht", {"units": "m", "positive": "down"}, [5.0, 0.5], ("t_0.5m", "t_5m")),
        ("zz", {"axis": "Z", "units": "m"}, [2, 10], ("t_2m", "t_10m")),
    ],
)
def test_vertical_axes_are_levels_with_name_and_unit(
    name: str, about: dict, levels: list[float], fields: tuple[str, ...], tmp_path: Path
) -> None:
    coords = {"lat": LATITUDE, "lon": LONGITUDE, name: (name, np.array(levels, float), about)}
    stacked = np.stack([VALUES, VALUES + 1], 1)
    made = File(written(tmp_path / "a.nc", ("time", name, "lat", "lon"), stacked, **coords))._all
    assert tuple(f.name for f in made.fields) == fields
    upward = np.argsort(levels)
    np.testing.assert_array_equal(made.values[0], stacked[:, upward])


def test_a_depth_without_a_globe_is_an_axis_of_the_grid(tmp_path: Path) -> None:
    coords = {"x": np.arange(5) / 5, "depth": ("depth", np.arange(8) / 8, {"positive": "down"})}
    path = written(tmp_path / "a.nc", ("time", "x", "depth"), **coords)
    assert File(path, boundary="open")._all.grid.names == ("x", "depth")


def test_a_boundary_that_nobody_gave_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", u=np.random.default_rng(0).normal(size=(10, 6, 8)))
    axes = {"input": "u", "axes": ["sample", "time", "x"]}
    with raises_input("boundary", None, "define that of x; give periodic"):
        File(str(tmp_path / "a.npz"), **axes)._all  # noqa: B018
    made = File(str(tmp_path / "a.npz"), **axes, boundary="neumann")._all
    assert made.grid.axes[0].boundary == "neumann"
    path = written(tmp_path / "a.nc", ("time", "y", "x"), y=np.arange(5.0), x=np.arange(8.0))
    report = inspect(path)
    assert {a.name: a.boundary for a in report.axes} == {"time": "", "y": "???", "x": "???"}
    assert "boundary: ???" in report.yaml
    assert report.hint.startswith("boundary=???")


@pytest.mark.parametrize("name", ["run", "member", "case", "batch", "ensemble", "realization"])
def test_other_words_for_samples_are_samples(name: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", u=np.zeros((10, 6, 8)))
    made = File(str(tmp_path / "a.npz"), "u", axes=[name, "time", "x"], boundary="periodic")._all
    assert made.values.shape == (10, 6, 1, 8)


def test_an_axis_that_is_no_known_one_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", u=np.zeros((10, 6, 8)))
    axes = ["shot", "time", "x"]
    with raises_input("axes", axes, "shot of 'u' .* is it the sample axis"):
        File(str(tmp_path / "a.npz"), "u", axes=axes, boundary="periodic")._all  # noqa: B018
    made = File(
        str(tmp_path / "a.npz"), "u", axes=axes, boundary={"shot": "open", "x": "periodic"}
    )._all
    assert made.grid.names == ("shot", "x")


def test_coordinates_in_a_group_are_coordinates(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["u"] = np.random.default_rng(0).normal(size=(10, 7, 33))
        file["grid/x"], file["grid/t"] = np.linspace(0, 2, 33), 0.5 * np.arange(7)
        file["nu"] = np.linspace(1, 2, 10)
    report = inspect(tmp_path / "a.h5")
    assert {f.name: f.axes for f in report.fields} == {
        "nu": ("axis 0",),
        "u": ("axis 0", "time", "x"),
    }
    settings = {"axes": ["run", "time", "x"], "conditions": {"parameters": "nu"}}
    made = File(str(tmp_path / "a.h5"), "u", boundary="open", **settings)._all
    assert (made.grid.axes[0].length, made.step) == (2.0, 0.5)
    assert [(c.field.name, c.values.shape[0]) for c in made.conditions] == [("nu", 10)]


def test_a_box_on_the_sphere_trains_with_its_area(tmp_path: Path) -> None:
    coords = {"lat": np.linspace(40, 60, 5), "lon": np.linspace(-10, 4, 8)}
    grid = File(written(tmp_path / "a.nc", ("time", "lat", "lon"), **coords))._all.grid
    area = np.cos(np.deg2rad(np.linspace(60, 40, 5)))
    np.testing.assert_allclose(grid.weights((5, 8))[:, 3], area / area.mean())
    assert grid.has_boundary


@pytest.mark.parametrize("length", [6.283185e-3, 6.283185e-6, 6.283185e-9, 1.2345e-12])
def test_short_lengths_keep_their_digits(length: float) -> None:
    for dtype in (np.float32, np.float64):
        points = (0.5 + np.arange(64) / 64).astype(dtype) * dtype(length)
        axis = axis_of("x", Coordinate(points, "m"), 64, {"boundary": "periodic"}, "a.nc")
        assert (axis.start, axis.length) == pytest.approx((length / 2, length), rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("length", "found"), [(1.0, 1.0), (0.3, 0.3), (7.5, 7.5), (2 * np.pi, 6.283185307)]
)
def test_lengths_of_order_1_lose_their_rounding(length: float, found: float) -> None:
    line = Coordinate(np.arange(64) / 64 * length, "m")
    assert axis_of("x", line, 64, {"boundary": "periodic"}, "a.nc").length == found


TIMES = Axis("t", "open", 2.0, -6.0, "s", "chebyshev")


@pytest.mark.parametrize("n", [4, 9, 65, 257])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_chebyshev_points_are_recognised(n: int, dtype: type) -> None:
    line = Coordinate(TIMES.coordinates(n).astype(dtype), "s")
    assert axis_of("t", line, n, {"boundary": "open"}, "a.nc") == TIMES
    said = {"boundary": "neumann", "layout": "chebyshev"}
    assert axis_of("t", line, n, said, "a.nc") == replace(TIMES, boundary="neumann")


def test_three_points_are_uniform_unless_said_to_be_chebyshev() -> None:
    line = Coordinate(TIMES.coordinates(3), "s")
    assert axis_of("t", line, 3, {"boundary": "open"}, "a.nc").layout == "ends"
    said = {"boundary": "open", "layout": "chebyshev"}
    assert axis_of("t", line, 3, said, "a.nc") == TIMES


@pytest.mark.parametrize(
    ("points", "known"),
    [
        (TIMES.coordinates(9), {"boundary": "periodic"}),
        (TIMES.coordinates(9), {"boundary": "open", "layout": "ends"}),
        (TIMES.coordinates(9) + 0.01 * np.eye(9)[1], {"boundary": "open"}),
        (np.linspace(0, 1, 9), {"boundary": "open", "layout": "chebyshev"}),
    ],
)
def test_points_that_are_not_what_is_said_are_refused(points: np.ndarray, known: dict) -> None:
    with pytest.raises(InputError, match=r"a.nc: axis 't'.* is not .*resample it first"):
        axis_of("t", Coordinate(points, "s"), 9, known, "a.nc")


def test_chebyshev_points_return_from_a_file(tmp_path: Path) -> None:
    coords = {"s": ("s", TIMES.coordinates(5), {"units": "s"}), "x": np.arange(8) / 8}
    path = written(tmp_path / "a.nc", ("time", "s", "x"), **coords)
    made = File(path, boundary={"s": "open", "x": "periodic"})._all
    assert made.grid == Grid((replace(TIMES, name="s"), Axis("x")))
