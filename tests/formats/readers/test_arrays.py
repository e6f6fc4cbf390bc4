"""Plain arrays are read by name and by the names of their axes, from every container."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from raising import raises_input

from neurop.formats.assemble import assemble
from neurop.formats.choose import ReadOptions
from neurop.formats.detect import file_content

VALUES = np.arange(24.0).reshape(2, 3, 4)


def written(folder: Path, kind: str) -> Path:
    # The suffix says nothing on purpose.
    path = folder / "u.dat"
    if kind == "npy":
        with path.open("wb") as file:
            np.save(file, VALUES)
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, u=VALUES, v=2 * VALUES)
    elif kind == "hdf5":
        with h5py.File(path, "w") as file:
            file["u"], file["group/v"] = VALUES, 2 * VALUES
    elif kind == "mat":
        from scipy.io import savemat

        with path.open("wb") as file:
            savemat(file, {"u": VALUES, "v": 2 * VALUES})
    else:
        engine: Any = {"netcdf3": "scipy", "netcdf4": "h5netcdf"}[kind]
        xr.Dataset({"u": (("t", "x", "y"), VALUES)}).to_netcdf(path, engine=engine)
    return path


def read(
    path: Path, *names: str, axes: tuple[str, ...] = ("sample", "time", "x"), **more: Any
) -> np.ndarray:
    options = ReadOptions(names, axes=axes, **({"boundary": "periodic"} | more))
    return np.asarray(assemble(file_content(path), options).values)


@pytest.mark.parametrize("kind", ["npy", "npz", "hdf5", "mat", "netcdf3", "netcdf4"])
def test_an_array_by_name_with_axes_in_any_order(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind)
    np.testing.assert_array_equal(read(path, "u")[:, :, 0], VALUES)
    made = read(path, "u", axes=("x", "sample", "time"))
    assert made.shape == (3, 4, 1, 2)
    np.testing.assert_array_equal(made[1, :, 0], VALUES[:, 1].T)
    np.testing.assert_array_equal(
        read(path, "u", axes=("channel", "x", "time"))[0, 3], VALUES[:, :, 3]
    )
    with raises_input("axes", ["time", "x"], r"u.dat: 'u' has shape \(2, 3, 4\)"):
        read(path, "u", axes=("time", "x"))


def test_several_and_inside_a_group(tmp_path: Path) -> None:
    path = written(tmp_path, "hdf5")
    np.testing.assert_array_equal(read(path, "u", "/group/v")[:, :, 1], 2 * VALUES)
    np.testing.assert_array_equal(read(written(tmp_path, "npz"), "u", "v")[:, :, 1], 2 * VALUES)


@pytest.mark.parametrize("kind", ["npz", "hdf5", "netcdf3"])
def test_a_wrong_name_is_answered_with_the_right_one(tmp_path: Path, kind: str) -> None:
    with raises_input("input", "uu"):
        read(written(tmp_path, kind), "uu")


def test_text_is_no_number(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([["x"]]))
    with raises_input("path", str(tmp_path / "a.npy"), "<U1"):
        read(tmp_path / "a.npy", "a", axes=("time", "x"))


def test_an_empty_array_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 0, 4)))
    with raises_input("path", str(tmp_path / "a.npy"), r"\(3, 0, 4\)"):
        read(tmp_path / "a.npy", "a")


def with_coordinates(path: Path) -> Path:
    """Write an array (time, x, y) whose axes have no names, and coordinates that do."""
    np.savez(
        path, u=np.zeros((3, 4, 6)), x=np.arange(4) / 4, y=np.arange(6) / 6, t=0.5 * np.arange(3)
    )
    return path


def test_coordinates_belong_to_the_axes_of_their_name(tmp_path: Path) -> None:
    made = assemble(
        file_content(with_coordinates(tmp_path / "a.npz")),
        ReadOptions(("u",), axes=("time", "x", "y"), boundary="periodic"),
    )
    assert [(a.name, a.length) for a in made.grid.axes] == [("x", 1.0), ("y", 1.0)]
    np.testing.assert_array_equal(made.times.values, [0, 0.5, 1.0])


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (
            ("time", "y", "x"),
            "'y' has 4 points but its coordinate 6",
        ),
        (("x", "time", "y"), "4 frames but 3 times"),
        (
            ("y", "x", "time"),
            "'y' has 3 points but its coordinate 6|6 frames but 3 times",
        ),
    ],
)
def test_swapped_axes_contradict_the_coordinates(
    tmp_path: Path, axes: tuple[str, ...], message: str
) -> None:
    path = with_coordinates(tmp_path / "a.npz")
    with raises_input("path", str(path), message):
        read(path, "u", axes=axes, boundary="periodic")


def test_arrays_must_agree_on_the_length_of_an_axis(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros((3, 8)), b=np.zeros((3, 4)))
    with raises_input("path", str(tmp_path / "a.npz"), "axis x has 8 entries in 'a' and 4 in 'b'"):
        read(tmp_path / "a.npz", "a", target=("b",), axes=("sample", "x"))


def test_edges_of_cells_are_their_ends(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", u=np.zeros((3, 4)), x=np.linspace(0, 2, 5))
    axis = assemble(
        file_content(tmp_path / "a.npz"), ReadOptions(("u",), axes=("time", "x"), boundary="open")
    ).grid.axes[0]
    assert (axis.start, axis.length, axis.layout) == (0.0, 2.0, "cells")


def test_a_name_with_two_meanings_is_refused(tmp_path: Path) -> None:
    data = xr.Dataset({"u": (("number", "member", "time", "x"), np.zeros((2, 2, 3, 4)))})
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with raises_input("path", str(tmp_path / "a.nc"), "two axes named member"):
        assemble(file_content(tmp_path / "a.nc"))


def test_a_fields_array_of_another_shape_is_no_globe(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["fields"] = np.zeros((3, 4, 8, 8))
    assert file_content(tmp_path / "a.h5").format == "HDF5"


@pytest.mark.parametrize("attribute", ["dims", "axes", "_ARRAY_DIMENSIONS"])
def test_axes_named_by_an_attribute(tmp_path: Path, attribute: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for sample in range(2):
            file[f"run{sample}/u"] = VALUES + sample
            file[f"run{sample}/u"].attrs[attribute] = ["x", "t", "y"]
        file["x"], file["y"], file["t"] = np.arange(2) / 2, np.arange(4) / 4, 0.5 * np.arange(3)
    made = assemble(file_content(tmp_path / "a.h5"), ReadOptions(boundary="periodic"))
    assert [f.name for f in made.fields] == ["run0_u", "run1_u"]
    np.testing.assert_array_equal(made.values[0, :, 1], VALUES.transpose(1, 0, 2) + 1)
    np.testing.assert_array_equal(made.times.values, [0, 0.5, 1])


def test_variables_of_netcdf_in_groups(tmp_path: Path) -> None:
    data = xr.Dataset({"u": (("time", "x", "y"), VALUES)}, {"x": np.arange(3) / 3})
    data.to_netcdf(tmp_path / "a.nc", group="run", engine="h5netcdf")
    made = assemble(file_content(tmp_path / "a.nc"), ReadOptions(boundary="periodic"))
    np.testing.assert_array_equal(made.values[0, :, 0], VALUES)
