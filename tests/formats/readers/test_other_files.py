"""What is no data, or would run code: one line that says what it is and what to do."""

import gzip
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.formats.detect import file_content
from neurop.formats.inspect import inspect

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def zipped(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"CDF\x01")


def refused(path: Path, what: str) -> None:
    for reads in (file_content, inspect):
        with raises_input("path", str(path), what):
            reads(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"hello world", r"not a format that neurop reads .*begins with b'hello wo'"),
        (b"\r\n <!DOCTYPE html><html>404</html>", "a web page.*download the file again"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error/>", "a web page or XML"),
        (b'{"message": "not found"}', "JSON text"),
        (gzip.compress(b"data", mtime=0), "compressed with gzip; unpack it"),
        (b"GRIB\x00\x00\x00\x01", "GRIB; convert it: `cfgrib to_netcdf.*grib_to_netcdf"),
        (POINTER, "a pointer of Git LFS, not the data; .*git lfs pull"),
        (b"PK\x03\x04 no archive", "damaged"),
        (b"CDF\x01 no file", "damaged"),
        (b"\x93NUMPY\x01\x00", "damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "damaged"),
        (b"MATLAB 5.0 MAT-file" + bytes(150), "damaged|without an array"),
        (
            b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(8),
            "damaged|not a format|not an HDF5 file",
        ),
    ],
)
def test_no_data(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "file.nc"
    path.write_bytes(content)
    refused(path, what)


def test_archives(tmp_path: Path) -> None:
    # What the Climate Data Store sends where a request holds instantaneous and accumulated fields.
    zipped(
        tmp_path / "a.nc",
        "data_stream-oper_stepType-instant.nc",
        "data_stream-oper_stepType-accum.nc",
    )
    refused(
        tmp_path / "a.nc",
        "a zip archive of data_stream-oper_stepType-instant.nc, .*unpack it first",
    )
    zipped(tmp_path / "b.zarr", ".zgroup", "t/0.0")
    refused(tmp_path / "b.zarr", "a Zarr store in a zip archive; unpack it")


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path / "absent.h5", "no such file")
    with raises_input("path", str(tmp_path), "folder"):
        file_content(tmp_path)


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def in_torch(path: Path, bomb: Bomb) -> Callable[[], Any]:
    torch.save({"x": torch.zeros(2, 4), "y": torch.zeros(2, 4), "extra": bomb}, path)
    return lambda: torch.load(path, weights_only=False)


def in_pickle(path: Path, bomb: Bomb) -> Callable[[], Any]:
    path.write_bytes(pickle.dumps({"x": bomb}))
    return lambda: pickle.loads(path.read_bytes())


def in_npy(path: Path, bomb: Bomb) -> Callable[[], Any]:
    with path.open("wb") as raw:
        np.save(raw, np.array([bomb], dtype=object), allow_pickle=True)
    return lambda: np.load(path, allow_pickle=True)


def in_npz(path: Path, bomb: Bomb) -> Callable[[], Any]:
    with path.open("wb") as raw:
        np.savez(raw, u=np.zeros((2, 3)), x=np.array([bomb], dtype=object))
    return lambda: np.load(path, allow_pickle=True)["x"]


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code",
    "code planted in data files",
)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("hide", [in_torch, in_pickle, in_npy, in_npz])
def test_code_in_a_file_never_runs(
    hide: Callable[[Path, Bomb], Callable[[], Any]], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    blow = hide(tmp_path / "file", Bomb(mark))
    refused(tmp_path / "file", "could run code when read")
    assert not mark.exists()
    blow()
    assert mark.exists()  # the bomb is live


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code",
    "code planted in data files",
)
def test_code_in_a_store_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pickles = pytest.importorskip("numcodecs.pickles")
    # Newer versions of numcodecs refuse by themselves.
    monkeypatch.setattr(pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    mark, store = tmp_path / "mark", tmp_path / "store.zarr"
    (store / "time").mkdir(parents=True)
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / "time/.zattrs").write_text('{"_ARRAY_DIMENSIONS": ["time"]}')
    head = '{"chunks": [1], "compressor": null, "dtype": "<f8", "fill_value": null, '
    head += '"filters": [{"id": "pickle", "protocol": 5}],'
    # The name in JSON's own spelling hides it from a search of the text.
    head = head.replace("pickle", "pi\\u0063kle")
    (store / "time/.zarray").write_text(head + ' "order": "C", "shape": [1], "zarr_format": 2}')
    (store / "time/0").write_bytes(pickle.dumps(Bomb(mark)))
    refused(store, "'time' .*Python objects")
    assert not mark.exists()
    pickles.Pickle().decode((store / "time/0").read_bytes())
    assert mark.exists()


def test_a_size_that_the_file_cannot_hold_asks_for_no_memory(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        # 8 TB of which nothing is written: a coordinate would be read whole.
        scale = file.create_dataset("time", (10**12,), "f8", chunks=(10**6,))
        scale.make_scale("time")
        file["u"] = np.zeros((3, 4))
        file["u"].dims[0].attach_scale(scale)
    refused(
        tmp_path / "a.h5",
        r"damaged, 'time' has shape \(1000000000000,\), more than the file can hold",
    )
    header = (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 4), }".ljust(117)
        + b"\n"
    )
    (tmp_path / "a.npy").write_bytes(
        b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    )
    refused(tmp_path / "a.npy", "damaged")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("u.npy", (tmp_path / "a.npy").read_bytes())
    refused(tmp_path / "a.npz", "damaged")


def test_a_heap_without_an_end_is_not_given_to_the_library(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["note"] = "text of variable length lies in the heap"
    whole = path.read_bytes()
    assert file_content(path).metadata.facts == {"note": "text of variable length lies in the heap"}
    at = whole.index(b"GCOL") + 16
    path.write_bytes(whole[:at] + bytes(16) + whole[at + 16 :])
    refused(path, "damaged .a heap without an end at byte")


def test_a_store_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".zgroup").write_text('{"zarr_format": 2}')
    monkeypatch.setattr("neurop.formats.zarr_store.find_spec", lambda name: None)
    refused(tmp_path, r"a Zarr store needs the package zarr: pip install 'zarr>=3\.0(\.\d+)?'")
