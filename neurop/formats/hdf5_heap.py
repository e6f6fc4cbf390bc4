"""Check of the heap of texts in an HDF5 file, since reading a damaged one may never end.

The HDF Group, HDF5 file format specification, version 3, III.E: global heap.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from neurop.errors import InputError

LOOK = 2**26
"""Bytes at the beginning of a file that are searched: metadata are written first."""

# A collection begins with signature and version 1, then its size; an object with its number (0
# for free space) and its size.
_SIGNATURE, _HEADER, _OBJECT = b"GCOL\x01\x00\x00\x00", 16, struct.Struct("<H6xQ")


def check_heap(path: Path) -> None:
    """Raise InputError for a heap beyond the end of the file, or with objects of size 0.

    For the first, the HDF5 library (2.0.0) would allocate any amount of memory; from the second it
    would never return.
    """
    with path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for start in _starts(data):
            (size,) = (
                struct.unpack_from("<Q", data, start + 8) if start + _HEADER <= len(data) else (0,)
            )
            at, end = start + _HEADER, start + size
            if end > len(data):
                raise InputError.in_file(
                    path,
                    f"damaged (a heap of {size} bytes at byte {start} of {len(data)}); "
                    "write or download it again",
                )
            while at + _OBJECT.size <= end:
                number, length = _OBJECT.unpack_from(data, at)
                step = _OBJECT.size + (length + 7) // 8 * 8 if number else length
                if not step:
                    raise InputError.in_file(
                        path,
                        f"damaged (a heap without an end at byte {start}); write or "
                        "download it again",
                    )
                at += step


def _starts(data: mmap.mmap) -> Iterator[int]:
    at = data.find(_SIGNATURE, 0, LOOK)
    while at >= 0:
        yield at
        at = data.find(_SIGNATURE, at + 1, LOOK)
