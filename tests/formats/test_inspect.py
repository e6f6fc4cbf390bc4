"""Formats are detected from content; errors are one line."""

import shlex
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import xarray as xr
from omegaconf import OmegaConf

from neurop.cli import main
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.formats import report, store
from neurop.formats.inspect import inspect
from neurop.formats.report import AxisReport, FieldReport
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    values = np.zeros((2, 3, 1, 4, 5), np.float32)
    values[1, 2, 0, :2, 0] = np.nan
    grid = Grid((Axis("x", length=2.0, unit="m"), Axis("y", "dirichlet", layout="ends", unit="m")))
    path = tmp_path / "set.h5"
    fields = FieldSet(
        values,
        (Field("u", "m s-1"),),
        grid,
        times=Times(np.array([0.0, 0.5, 1.0]), "s"),
        source="solver",
    )
    store.write(path, fields, {"viscosity": 0.25})
    return path


def test_our_own_file(stored: Path) -> None:
    report = inspect(stored)
    assert report.format == "HDF5, The Well's layout, written by neurop"
    assert report.fields == (
        FieldReport("u", ("sample", "time", "x", "y"), (2, 3, 4, 5), "m s-1", "float32", "2"),
    )
    assert report.axes == (
        AxisReport("sample", 2),
        AxisReport("time", 3, "0", "1", "0.5", "s", ""),
        AxisReport("x", 4, "0", "1.5", "0.5", "m", "periodic"),
        AxisReport("y", 5, "0", "1", "0.25", "m", "dirichlet"),
    )
    assert {k: report.facts[k] for k in ("viscosity", "source")} == {
        "viscosity": "0.25",
        "source": "solver",
    }


def test_the_well_of_others(tmp_path: Path) -> None:
    path = tmp_path / "well.hdf5"
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "dataset_name": "waves",
                "grid_type": "cartesian",
                "n_trajectories": 2,
                "simulation_parameters": ["c"],
                "c": 3.0,
            }
        )
        axes = file.create_group("dimensions")
        axes.attrs["spatial_dims"] = ["x", "y"]
        axes["time"] = np.arange(3.0)
        axes["x"] = np.linspace(0, 1, 4)
        axes["y"] = np.array([0.0, 1.0, 4.0])
        wall = file.create_group("boundary_conditions/x_wall")
        wall.attrs.update({"bc_type": "WALL", "associated_dims": ["x"]})
        for order, name, shape in ((0, "p", (2, 3, 4, 3)), (1, "v", (2, 3, 4, 3, 2))):
            data = file.create_dataset(f"t{order}_fields/{name}", data=np.zeros(shape, np.float32))
            data.attrs.update(
                {"sample_varying": True, "time_varying": True, "dim_varying": [True, True]}
            )
        file.create_group("t2_fields")
        static = file.create_dataset("t0_fields/depth", data=np.zeros(4))
        static.attrs.update(
            {"sample_varying": False, "time_varying": False, "dim_varying": [True, False]}
        )
    report = inspect(path)
    assert report.format == "HDF5, The Well's layout"
    assert {f.name: (f.axes, f.shape) for f in report.fields} == {
        "p": (("sample", "time", "x", "y"), (2, 3, 4, 3)),
        "depth": (("x",), (4,)),
        "v": (("sample", "time", "x", "y", "channel"), (2, 3, 4, 3, 2)),
    }
    assert [(a.name, a.points, a.step, a.boundary) for a in report.axes] == [
        ("sample", 2, "", ""),
        ("time", 3, "1", ""),
        ("channel", 2, "", ""),
        ("x", 4, "0.333333", "open"),
        ("y", 3, "uneven", "open"),
    ]
    assert report.hint == "axis 'y' is not uniform (steps 1 to 3); resample it first"
    assert report.facts == {
        "dataset_name": "waves",
        "grid_type": "cartesian",
        "n_trajectories": "2",
        "c": "3.0",
    }


@pytest.mark.parametrize(("engine", "name"), [("h5netcdf", "NetCDF 4"), ("scipy", "NetCDF 3")])
def test_netcdf(engine: Any, name: str, tmp_path: Path) -> None:
    values = np.full((2, 3, 4), 280.0, np.float32)
    values[0, 0, :3] = np.nan
    data = xr.Dataset(
        {"t2m": (("time", "latitude", "longitude"), values, {"units": "K"})},
        {
            "time": np.array(["2020-01-01T00", "2020-01-01T06"], "datetime64[ns]"),
            "latitude": ("latitude", [90.0, 0.0, -90.0], {"units": "degrees_north"}),
            "longitude": ("longitude", [0.0, 90.0, 180.0, 270.0], {"units": "degrees_east"}),
        },
        {"title": "two days"},
    )
    # The name does not matter.
    path = tmp_path / "file.bin"
    data.to_netcdf(path, engine=engine)
    if engine == "h5netcdf":
        path = path.rename(tmp_path / "file.nc")
    report = inspect(path)
    assert (report.format, report.facts) == (name, {"title": "two days"})
    assert report.fields == (
        FieldReport("t2m", ("time", "latitude", "longitude"), (2, 3, 4), "K", "float32", "3"),
    )
    assert report.axes == (
        AxisReport("time", 2, "2020-01-01T00:00", "2020-01-01T06:00", "6:00:00", "", ""),
        AxisReport("latitude", 3, "90", "-90", "-90", "degrees_north", "pole to pole"),
        AxisReport("longitude", 4, "0", "270", "90", "degrees_east", "periodic"),
    )


def test_plain_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "makani.h5"
    with h5py.File(path, "w") as file:
        file["lat"] = np.linspace(90, -90, 3)
        file["lat"].make_scale("lat")
        file["deep/fields"] = np.array([[1.0, np.nan, 2.0]])
        file["deep/fields"].dims[1].attach_scale(file["lat"])
        file["deep/fields"].dims[0].label = "time"
    report = inspect(path)
    assert report.format == "HDF5"
    assert report.fields == (
        FieldReport("deep/fields", ("time", "latitude"), (1, 3), "", "float64", "1"),
    )
    assert report.axes == (
        AxisReport("time", 1),
        AxisReport("latitude", 3, "90", "-90", "-90", boundary="open"),
    )


def test_torch(tmp_path: Path) -> None:
    path = tmp_path / "darcy.pt"
    torch.save(
        {
            "x": torch.zeros(2, 4, dtype=torch.bool),
            "y": [torch.tensor([1.0, float("nan")], dtype=torch.bfloat16)],
        },
        path,
    )
    report = inspect(path)
    assert report.format == "torch"
    assert [(f.name, f.shape, f.missing) for f in report.fields] == [
        ("x", (2, 4), "0"),
        ("y.0", (2,), "1"),
    ]


def test_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", u=np.zeros((2, 3)))
    np.save(tmp_path / "v.npy", np.zeros(4, np.int16))
    assert inspect(tmp_path / "a.npz").fields == (
        FieldReport("u", ("axis 0", "axis 1"), (2, 3), "", "float64", "0"),
    )
    assert inspect(tmp_path / "v.npy").fields[0].dtype == "int16"


@pytest.mark.parametrize(("value", "missing"), [(1.5, "0"), (np.nan, "1")])
def test_one_number(value: float, missing: str, tmp_path: Path) -> None:
    np.save(tmp_path / "u.npy", np.float16(value))
    (found,) = inspect(tmp_path / "u.npy").fields
    assert (found.shape, found.missing) == ((), missing)


def test_large_fields_are_looked_at_in_part(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "LOOK", 1)
    assert inspect(stored).fields[0].missing == "0 in 1 of 2 slices"


def broken(tmp_path: Path, stored: Path, kind: str) -> Path:
    path = tmp_path / f"broken.{kind}"
    whole = stored.read_bytes()
    torch.save(torch.zeros(100), tmp_path / "t.pt")
    content = {
        "h5": whole[: len(whole) // 2],
        "nc": whole[:100],
        "pt": (tmp_path / "t.pt").read_bytes()[:200],
        "npy": b"\x93NUMPY\x01\x00",
        "txt": b"hello",
        "empty": b"",
        "cdf": b"CDF\x01\x00\x00",
    }
    path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", ["h5", "nc", "pt", "npy", "txt", "empty", "cdf"])
def test_a_broken_file_is_one_line(
    kind: str, tmp_path: Path, stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = broken(tmp_path, stored, kind)
    assert main(["inspect", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    words = {"txt": "not a format", "empty": "the file is empty"}.get(kind, "damaged")
    assert line.startswith(f"neurop inspect: {path}: {words}")


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, line in (
        ([], "it takes the names of files; usage: neurop inspect FILE [FILE ...]"),
        ([str(tmp_path / "no.h5")], f"{tmp_path}/no.h5: no such file; correct the path"),
        ([str(tmp_path)], f"{tmp_path} is a folder; give one file, or a Zarr store"),
    ):
        assert main(["inspect", *words]) == 2
        assert capsys.readouterr().err == f"neurop inspect: {line}\n"


def test_command(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(stored)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{stored}: HDF5, The Well's layout, written by neurop"
    assert "  u     sample time x y  2x3x4x5  m s-1  float32  2" in lines
    assert ["y", "5", "0", "1", "0.25", "m", "dirichlet"] in [line.split() for line in lines]
    assert lines[-11:] == [
        "  _target_: neurop.datasets.File",
        f"  path: {stored}",
        "  input: u",
        "  target: null",
        "  conditions:",
        "    mask: missing  # values of u are missing",
        "  boundary: {x: periodic, y: dirichlet}",
        "  domain:",
        "    length: {x: 2, y: 1}",
        "    layout: {x: left, y: ends}",
        "  step: null  # 0.5 s, from the file",
    ]


def test_what_yaml_would_take_for_something_else_is_in_quotes(tmp_path: Path) -> None:
    path = tmp_path / "odd: name # 1.npz"
    np.savez(path, **{"on": np.zeros((3, 4, 5)), "1e3": np.zeros((3, 4, 5))})
    plain: Any = OmegaConf.to_container(OmegaConf.create(inspect(path).yaml))
    assert plain["path"] == str(path)
    values = np.zeros((3, 2, 4), np.float32)
    data = xr.Dataset(
        {"on": (("time", "member", "x"), values), "1e3": (("time", "member", "x"), values)},
        {"x": np.arange(4) / 4},
    )
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    plain = OmegaConf.to_container(OmegaConf.create(inspect(tmp_path / "a.nc").yaml))
    assert plain["input"] == ["on", "1e3"]


def test_command_with_marks_for_what_a_file_does_not_say(
    tmp_path: Path, stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my waves.npz"
    np.savez(path, u=np.zeros((4, 3, 8), np.float32))
    assert main(["inspect", str(path), str(stored)]) == 0
    lines = capsys.readouterr().out.splitlines()
    first, second = (line for line in lines if line.startswith("  neurop train data=file "))
    assert shlex.split(first)[3:] == [
        f"data.path='{path}'",
        "data.input=u",
        "data.axes=[???,???,???]",
        "data.boundary=???",
    ]
    assert any("such as [sample, time, x];" in line for line in lines)
    assert second.split()[3:] == [f"data.path={stored}", "data.conditions.mask=missing"]
