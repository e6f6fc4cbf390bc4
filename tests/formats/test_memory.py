"""Headers that promise more than the memory are refused before the values are read."""

import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from raising import raises_input

from neurop import memory
from neurop.formats.assemble import assemble
from neurop.formats.choose import ReadOptions
from neurop.formats.detect import file_content
from neurop.formats.inspect import inspect

HUGE = 10**7
"""Points per row of the planted fields, of a million rows: 4e13 bytes and more."""


def promised(path: Path) -> None:
    """Write an archive whose index promises 4e13 bytes of zeros; its members are short."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("u.npy", "w") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (10**6, HUGE)}
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[arg-type]


def matlab(path: Path) -> None:
    def element(kind: int, data: bytes) -> bytes:
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    head = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", 10**6, HUGE))
    head += element(1, b"u") + struct.pack("<II", 9, 2**31)
    body = zlib.compress(struct.pack("<II", 14, 2**31) + head + bytes(10**6))
    start = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    path.write_bytes(start + struct.pack("<II", 15, len(body)) + body)


def expanded(path: Path) -> None:
    torch.save({"x": torch.zeros(1).expand(10**6, HUGE), "y": torch.zeros(4)}, path)


def hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("u", (10**6, HUGE), "f4", chunks=(100, 100))


def zarr_2(path: Path) -> None:
    path.mkdir()
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    about = {"zarr_format": 2, "shape": [10**6, HUGE], "chunks": [10**6, HUGE], "dtype": "<f4"}
    about |= {"compressor": None, "filters": None, "fill_value": 0, "order": "C"}
    (path / "u").mkdir()
    (path / "u" / ".zarray").write_text(json.dumps(about))
    (path / "u" / ".zattrs").write_text('{"_ARRAY_DIMENSIONS": ["time", "x"]}')


def zarr_3(path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(path, mode="w", zarr_format=3)
    shape = (10**6, HUGE)
    group.create_array("u", shape=shape, chunks=shape, dtype="f4", dimension_names=("time", "x"))


@pytest.mark.trust(
    "What a file promises is compared with a bound before it is read",
    "a small file that promises more than the memory",
)
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (promised, r"'u.npy' has shape \(1000000, 10000000\), 40000000000000 bytes, and 128 bytes"),
        (matlab, r"would fill 8e\+04 GB of memory, [\d.]+ GB are free; save it with -v7.3"),
        (expanded, r"'x' would fill 4e\+04 GB of memory, [\d.]+ GB are free; write them as HDF5"),
        (hdf5, r"'u' has shape \(1000000, 10000000\), more than the file can hold"),
        (zarr_2, r"chunk .* of 'u' would fill 4e\+04 GB of memory, .*; rewrite the store"),
        (zarr_3, r"chunk .* of 'u' would fill 4e\+04 GB of memory, .*; rewrite the store"),
    ],
)
def test_a_small_file_that_promises_much(
    tmp_path: Path, make: Callable[[Path], None], what: str
) -> None:
    path = tmp_path / "data"
    make(path)
    assert sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file()) < 10_000
    for reads in (file_content, inspect):
        with raises_input("path", str(path), what):
            reads(path)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave 700 bytes of memory."""
    monkeypatch.setattr(memory, "available_bytes", lambda: 700)


@pytest.mark.trust(
    "What a file promises is compared with a bound before it is read",
    "an archive of more than the memory",
)
@pytest.mark.usefixtures("little")
def test_whole_archives(tmp_path: Path) -> None:
    u = np.ones((3, 16), np.float64)
    np.savez_compressed(tmp_path / "a.npz", u=u[0], v=u)
    torch.save({"x": torch.ones(300), "y": torch.ones(300)}, tmp_path / "a.pt")
    for name in ("a.npz", "a.pt"):
        with raises_input("path", str(tmp_path / name), "together would fill .* are free; write"):
            file_content(tmp_path / name)


@pytest.mark.trust(
    "What a file promises is compared with a bound before it is read", "a tensor nested in itself"
)
def test_nested_lists_are_read_once(tmp_path: Path) -> None:
    """Of 2**40 paths that lead to one tensor."""
    nested: list[Any] = [torch.ones(4, 8)]
    for _ in range(40):
        nested = [nested, nested]
    torch.save({"x": nested}, tmp_path / "a.pt")
    assert len(file_content(tmp_path / "a.pt").arrays) == 1


def npy(path: Path) -> Path:
    np.save(path / "u.npy", np.ones((2, 40, 2**16), np.float32))
    return path / "u.npy"


def test_values_that_should_not_stay_in_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound holds for what is read at once: blocks of a larger file need no bound."""
    content = file_content(npy(tmp_path))
    options = ReadOptions(input=("u",), axes=("sample", "time", "x"), boundary="periodic")
    monkeypatch.setattr("neurop.fields.lazy.CACHE", 10_000)
    monkeypatch.setattr(memory, "available_bytes", lambda: 15_000_000)
    with raises_input("path", content.path, r"would fill 0.021 GB of memory, 0.015 GB are free"):
        assemble(content, options, lazy=False)
    lazily = assemble(content, options, lazy=True)
    assert float(lazily.values[1, 39].sum()) == 2**16


def test_inspection_reads_slices_of_a_single_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sample of many frames is searched frame by frame, not at once."""
    values = np.ones((1, 64, 1000), np.float32)
    values[0, 0, :3] = np.nan
    np.save(tmp_path / "u.npy", values)
    monkeypatch.setattr("neurop.formats.report.LOOK", 16_000)
    assert inspect(tmp_path / "u.npy").fields[0].missing == "3 in 16 of 64 slices"


def test_bounds_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < memory.available_bytes() <= memory.memory_bytes()
    for name, text in (
        ("memory.max", "5000\n"),
        ("memory.current", "4000\n"),
        ("memory.stat", "anon 3000\nfile 900\n"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert memory.available_bytes() == 1900
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_bytes() > 1900


@pytest.mark.trust(
    "A value that is not finite is found before the training", "values beyond the range of float32"
)
def test_values_beyond_float32_are_named(tmp_path: Path) -> None:
    values = np.ones((2, 4, 16))
    values[1, 2, 3] = 1e40
    np.save(tmp_path / "u.npy", values)
    content = file_content(tmp_path / "u.npy")
    options = ReadOptions(input=("u",), axes=("sample", "time", "x"), boundary="periodic")
    what = r"u.npy.*'u' of sample 1, frame 2 is inf at point \(3,\) \(float32 ends at 3.4e38: use"
    with raises_input("field", "u", what):
        assemble(content, options, lazy=False)
