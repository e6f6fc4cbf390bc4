"""Finished batches on disk: one array per file, with checksums, read together as one array."""

from __future__ import annotations

import io
import json
import os
import uuid
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.lazy import Lazy
from neurop.generation.locks import writing

_BUFFER = 2**22


class BatchWriter:
    """A picklable function that generates the batch of a range of sample numbers and stores it.

    Parameters
    ----------
    make
        Function from sample numbers to arrays with that many rows.
    parts
        Folder of the batches.
    """

    def __init__(self, make: Callable[[range], dict[str, NDArray[Any]]], parts: Path) -> None:
        self.make, self.parts = make, parts

    def __call__(self, batch: range) -> int:
        """Generate a batch, store it, and return its length.

        The file of the checksums is written last: a batch without it, or with a file that differs
        from its checksum, is generated again.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        arrays = self.make(batch)
        sums = {}
        with writing(self.parts, "store a batch"):
            sums = {
                name: _atomically(_array(self.parts, batch, name), _npy(values))
                for name, values in arrays.items()
            }
            _atomically(_sums(self.parts, batch), [json.dumps(sums).encode()])
        return len(batch)


def is_finished(parts: Path, batch: range) -> bool:
    """Return whether a batch is stored completely."""
    try:
        sums = json.loads(_sums(parts, batch).read_bytes())
        return bool(sums) and all(
            _checksum(_array(parts, batch, name)) == known for name, known in sums.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def join_shards(parts: Path, batches: list[range]) -> dict[str, Any]:
    """Return the arrays of all batches, each as one lazy array."""
    names = json.loads(_sums(parts, batches[0]).read_bytes())
    first = {name: np.load(_array(parts, batches[0], name), mmap_mode="r") for name in names}
    found: dict[str, Any] = {}
    for name, array in first.items():
        shape = (batches[-1].stop, *array.shape[1:])
        found[name] = Lazy(
            _Reader(parts, batches, name), shape, (len(batches[0]), shape[1]), f"{parts} {name}"
        )
    return found


class _Reader:
    """Reader of a range of samples and frames across the files of one array."""

    def __init__(self, parts: Path, batches: list[range], name: str) -> None:
        self.parts, self.batches, self.name = parts, batches, name

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        pieces = []
        for batch in self.batches[samples.start // len(self.batches[0]) :]:
            if batch.start >= samples.stop:
                break
            mapped = np.load(_array(self.parts, batch, self.name), mmap_mode="r")
            within = slice(
                max(samples.start - batch.start, 0), min(samples.stop, batch.stop) - batch.start
            )
            pieces.append(np.array(mapped[within, frames]))
        return np.concatenate(pieces)


def _array(parts: Path, batch: range, name: str) -> Path:
    return parts / f"{batch.start:06d}-{batch.stop:06d}.{name}.npy"


def _sums(parts: Path, batch: range) -> Path:
    return parts / f"{batch.start:06d}-{batch.stop:06d}.json"


def _checksum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(_BUFFER):
            total = zlib.crc32(chunk, total)
    return total


def _npy(values: NDArray[Any]) -> list[Any]:
    """Return the pieces of an ``.npy`` file; ``numpy.save`` would hide the cause of a full disk."""
    array, head = np.ascontiguousarray(values), io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    return [head.getvalue(), array.data.cast("B")]


def _atomically(path: Path, pieces: list[Any]) -> int:
    """Write a file that appears complete or not at all, and return its checksum."""
    # A unique name, because two ways to cut the set into shards may share a batch.
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    total = 0
    try:
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece)
                total = zlib.crc32(piece, total)
        os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink()
    return total
