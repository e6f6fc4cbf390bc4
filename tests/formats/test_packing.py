"""Packed values, fill values and valid ranges give physical values or NaN in every container."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises_input

from neurop.datasets.file import File
from neurop.formats.conventions.packing import unpack
from neurop.formats.detect import file_content
from neurop.formats.inspect import inspect

LATITUDE, LONGITUDE = np.linspace(90, -90, 5), np.arange(8) * 45.0
TRUTH = 291 + np.random.default_rng(0).normal(size=(6, 5, 8))
PACKED: dict[str, Any] = {"scale_factor": 0.01, "add_offset": 280.0, "_FillValue": np.int16(-32767)}


def packed(values: np.ndarray) -> np.ndarray:
    return np.round((values - 280) / 0.01).astype("i2")


def hdf5(path: Path, stored: np.ndarray, about: dict[str, Any], group: str = "") -> None:
    with h5py.File(path, "w") as file:
        data = file.create_dataset(f"{group}t2m", data=stored)
        data.attrs.update(about)
        for axis, (name, values) in enumerate(
            (("time", np.arange(6.0)), ("lat", LATITUDE), ("lon", LONGITUDE))
        ):
            scale = file.create_dataset(f"{group}{name}", data=values)
            scale.make_scale(name)
            data.dims[axis].attach_scale(scale)


def in_netcdf_group(path: Path, stored: np.ndarray, about: dict[str, Any]) -> None:
    coords = {"time": np.arange(6.0), "lat": LATITUDE, "lon": LONGITUDE}
    data = xr.Dataset({"t2m": (tuple(coords), stored, about)}, coords)
    data.to_netcdf(path, engine="h5netcdf", group="science")


def in_netcdf3(path: Path, stored: np.ndarray, about: dict[str, Any]) -> None:
    coords = {"time": np.arange(6.0), "lat": LATITUDE, "lon": LONGITUDE}
    xr.Dataset({"t2m": (tuple(coords), stored, about)}, coords).to_netcdf(path, engine="scipy")


def in_zarr(path: Path, stored: np.ndarray, about: dict[str, Any]) -> None:
    coords = {"time": np.arange(6.0), "lat": LATITUDE, "lon": LONGITUDE}
    xr.Dataset({"t2m": (tuple(coords), stored, about)}, coords).to_zarr(path, zarr_format=2)


WRITERS = [hdf5, in_netcdf_group, in_netcdf3, in_zarr]


@pytest.mark.parametrize("write", WRITERS)
def test_packed_integers_are_physical_values(write: Callable[..., None], tmp_path: Path) -> None:
    write(tmp_path / "a", packed(TRUTH), PACKED)
    made = File(str(tmp_path / "a"))._all
    np.testing.assert_allclose(made.values[0, :, 0], TRUTH, atol=0.0051)
    assert made.grid.geometry == "sphere"


@pytest.mark.parametrize("write", WRITERS)
def test_a_missing_value_is_counted_and_refused(write: Callable[..., None], tmp_path: Path) -> None:
    stored = packed(TRUTH)
    stored[2, 3, 4] = -32767
    write(tmp_path / "a", stored, PACKED)
    assert inspect(tmp_path / "a").fields[0].missing == "1"
    with raises_input("field", file_content(tmp_path / "a").names()[0].replace("/", "_"), "is nan"):
        File(str(tmp_path / "a"))._all  # noqa: B018


@pytest.mark.parametrize(
    ("about", "bad"),
    [
        ({"_FillValue": np.float32(-9999.9)}, np.float32(-9999.9)),
        ({"_FillValue": np.float64(-9999.9)}, np.float32(-9999.9)),
        ({"missing_value": np.array([-1e30, -999.0])}, -999.0),
        ({"valid_min": 0.0}, -1.0),
        ({"valid_max": np.float32(400)}, 1e4),
        ({"valid_range": [200.0, 400.0]}, 450.0),
        ({}, 9.969209968386869e36),
    ],
)
def test_what_a_file_calls_missing_is_nan(about: dict[str, Any], bad: float) -> None:
    values = np.array([300.0, bad, 301.0], np.float32)
    found = unpack(values, about)
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])
    np.testing.assert_array_equal(found[[0, 2]], values[[0, 2]])


def test_limits_are_packed_unless_they_are_of_the_physical_type() -> None:
    stored = np.array([10, 50, 90], np.int16)
    scale = {"scale_factor": 2.0}
    np.testing.assert_array_equal(
        unpack(stored, scale | {"valid_max": np.int16(60)}), [20.0, 100.0, np.nan]
    )
    np.testing.assert_array_equal(
        unpack(stored, scale | {"valid_max": np.float64(60)}), [20.0, np.nan, np.nan]
    )


def test_unsigned_bytes_stored_as_signed() -> None:
    found = unpack(np.array([-1, 1], np.int8), {"_Unsigned": "true", "scale_factor": 1.0})
    np.testing.assert_array_equal(found, [255.0, 1.0])


def test_missing_values_and_limits_of_unsigned_bytes_are_stored_as_signed() -> None:
    about = {"_Unsigned": "true", "scale_factor": 0.5}
    stored = np.array([0, -1, -2], np.int8)
    found = unpack(stored, about | {"_FillValue": np.int8(-1)})
    np.testing.assert_array_equal(found, [0.0, np.nan, 127.0])
    found = unpack(stored, about | {"valid_range": np.array([0, -2], np.int8)})
    np.testing.assert_array_equal(found, [0.0, np.nan, 254 * 0.5])


def test_a_scale_that_is_no_number_is_named(tmp_path: Path) -> None:
    hdf5(tmp_path / "a.h5", packed(TRUTH), {"scale_factor": "tenth"})
    with raises_input("path", str(tmp_path / "a.h5"), "scale_factor=tenth"):
        File(str(tmp_path / "a.h5"))._all  # noqa: B018


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.integers(-32000, 32000), min_size=1, max_size=20),
    scale=st.floats(1e-6, 1e3),
    offset=st.floats(-1e5, 1e5),
)
def test_unpacking_inverts_packing(values: list[int], scale: float, offset: float) -> None:
    stored = np.array(values, np.int16)
    found = unpack(stored, {"scale_factor": scale, "add_offset": offset})
    np.testing.assert_allclose(np.round((found - offset) / scale), stored, atol=0.5)


def killed(path: Path, frames: int = 16) -> h5py.Dataset:
    with h5py.File(path, "w") as file:
        data = file.create_dataset("u", shape=(24, 9), chunks=(4, 9), dtype="f4")
        data[:frames] = 1.0
    return data


def test_frames_that_were_never_written_are_refused(tmp_path: Path) -> None:
    killed(tmp_path / "a.h5")
    settings = {"axes": ["time", "x"], "boundary": "open"}
    with raises_input("path", str(tmp_path / "a.h5"), r"2 of 6 chunks .* index \(16, 0\)"):
        File(str(tmp_path / "a.h5"), **settings)._all  # noqa: B018
    assert "2 of 6 chunks that were never written" in inspect(tmp_path / "a.h5").hint
    killed(tmp_path / "whole.h5", 24)
    assert np.asarray(File(str(tmp_path / "whole.h5"), **settings)._all.values).min() == 1.0


def test_a_store_whose_last_frames_were_never_written_is_refused(tmp_path: Path) -> None:
    import zarr

    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=3)
    data = group.create_array(
        "u", shape=(8, 5), chunks=(2, 5), dtype="f4", dimension_names=("time", "x"), fill_value=0.0
    )
    data[:4] = 1.0
    with raises_input("path", str(tmp_path / "a.zarr"), "2 of 4 chunks that were never written"):
        File(str(tmp_path / "a.zarr"), boundary="open")._all  # noqa: B018


def test_a_filter_that_is_not_installed_is_named_with_its_remedy(tmp_path: Path) -> None:
    values = np.ones((8, 4), np.float32)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((4, 4))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((8, 4))
        data = h5py.Dataset(h5py.h5d.create(file.id, b"u", h5py.h5t.IEEE_F32LE, space, plist))
        for k in range(2):
            data.id.write_direct_chunk((4 * k, 0), values[:4].tobytes(), filter_mask=0)
    settings = {"axes": ["time", "x"], "boundary": "open"}
    with raises_input("path", str(tmp_path / "a.h5"), "filter 32015 .Zstandard.* hdf5plugin"):
        File(str(tmp_path / "a.h5"), **settings)._all  # noqa: B018
