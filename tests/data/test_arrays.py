"""Plain arrays are read by name, from whatever holds them."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from neurop.data.adapters import arrays
from neurop.errors import InputError

VALUES = np.arange(24.0).reshape(2, 3, 4)


def written(folder: Path, kind: str) -> Path:
    # The suffix says nothing on purpose.
    path = folder / "fields.dat"
    if kind == "npy":
        with path.open("wb") as file:
            np.save(file, VALUES)
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, u=VALUES, v=2 * VALUES)
    elif kind == "hdf5":
        with h5py.File(path, "w") as file:
            file["u"], file["group/v"] = VALUES, 2 * VALUES
    else:
        engine = {"netcdf3": "scipy", "netcdf4": "h5netcdf"}[kind]
        xr.Dataset({"u": (("t", "x", "y"), VALUES)}).to_netcdf(path, engine=engine)
    return path


@pytest.mark.parametrize("kind", ["npy", "npz", "hdf5", "netcdf3", "netcdf4"])
def test_an_array_by_name(tmp_path: Path, kind: str) -> None:
    np.testing.assert_array_equal(arrays.read(written(tmp_path, kind), ["u"])["u"], VALUES)


def test_several_and_inside_a_group(tmp_path: Path) -> None:
    np.testing.assert_array_equal(arrays.read(written(tmp_path, "hdf5"), ["u", "/group/v"])["/group/v"], 2 * VALUES)
    np.testing.assert_array_equal(arrays.read(written(tmp_path, "npz"), ["u", "v"])["v"], 2 * VALUES)


@pytest.mark.parametrize("kind", ["npz", "hdf5", "netcdf3"])
def test_a_wrong_name_is_answered_with_the_right_one(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match=r"no array 'uu'; .*u"):
        arrays.read(written(tmp_path, kind), ["uu"])


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read"):
        arrays.read(path, ["a"])


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 no archive", b"CDF\x01 no file", b"\x93NUMPY"])
def test_what_is_no_file_of_arrays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(InputError, match=str(path)):
        arrays.read(path, ["a"])


def test_text_is_no_number(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array(["x"]))
    with pytest.raises(InputError, match="not real numbers"):
        arrays.read(tmp_path / "a.npy", ["a"])


def test_axes_in_any_order() -> None:
    made = arrays.ordered(VALUES, ("x", "sample", "y"), "u")
    assert made.shape == (3, 1, 1, 2, 4)
    np.testing.assert_array_equal(made[1, 0, 0], VALUES[:, 1])
    made = arrays.ordered(VALUES, ("channel", "x", "time"), "u")
    np.testing.assert_array_equal(made[0, 3], VALUES[:, :, 3])
    with pytest.raises(InputError, match=r"shape \(2, 3, 4\), but axes=\[x, y\] names 2"):
        arrays.ordered(VALUES, ("x", "y"), "u")
