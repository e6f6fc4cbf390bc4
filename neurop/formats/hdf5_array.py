"""Arrays and coordinates of an HDF5 data set, with all that its attributes say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.cf import word
from neurop.formats.content import Array, Coordinate
from neurop.formats.conventions.calendars import decode_times
from neurop.formats.conventions.packing import unpack, unpacked_dtype
from neurop.formats.open_files import HDF5Part, stored_attributes
from neurop.memory import check_fits

FILTERS = {
    305: "LZO",
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32026: "Blosc2",
}
"""Names of registered filters; https://portal.hdfgroup.org/documentation (registered filters)."""

_BUILT_IN = 256


def hdf5_array(
    data: h5py.Dataset,
    path: str,
    axes: Sequence[str],
    name: str = "",
    shape: tuple[int, ...] | None = None,
    reverse: bool = False,
    **more: Any,
) -> Array:
    """Return a data set as an array, unpacked when it is read.

    Parameters
    ----------
    data, path
        Data set, and the path of its file.
    axes
        Name of each axis.
    name
        Name of the array; by default that of the data set.
    shape
        Shape of the part that is used, from the beginning; by default all.
    reverse
        Whether the axes are in Fortran order, last first.
    more
        Other parameters of :class:`neurop.formats.content.Array`.
    """
    inside = data.name.strip("/")
    used = data.shape if shape is None else shape
    about = {"unit": unit_of(data), "long_name": word(data.attrs, "long_name")}
    turn = slice(None, None, -1 if reverse else 1)
    return Array(
        name or inside,
        tuple(axes),
        used[turn],
        unpacked_dtype(data.dtype, stored_attributes(data)),
        HDF5Part(path, inside, reverse, problem_of(data, used)),
        **(about | {"chunks": data.chunks and data.chunks[turn]} | more),
    )


def coordinate_of(data: h5py.Dataset) -> Coordinate:
    """Return a data set as the coordinate of an axis: unpacked, times decoded."""
    if problem := problem_of(data):
        raise InputError(f"'{data.name.strip('/')}' {problem}", "path")
    check_fits(f"'{data.name.strip('/')}'", data.nbytes, "use a part of it")
    values = unpack(np.asarray(data[...]), stored_attributes(data))
    return decode_times(values, unit_of(data), word(data.attrs, "calendar"))


def unit_of(data: h5py.Dataset) -> str:
    """Return the unit of an HDF5 item, ``""`` if none."""
    return word(data.attrs, "units" if "units" in data.attrs else "unit")


def problem_of(data: h5py.Dataset, shape: tuple[int, ...] | None = None) -> str:
    """Return why the values of a data set cannot be used; ``""`` if they can.

    The reasons are a filter that is not installed, and parts that were never written, which the
    library reads as its fill value.
    """
    if code := _missing_filter(data):
        name = FILTERS.get(code, "unknown to neurop")
        return (
            f"is compressed with HDF5 filter {code} ({name}), which is not installed; "
            "pip install hdf5plugin, or set HDF5_PLUGIN_PATH"
        )
    if not data.size or data.is_virtual or data.external:
        return ""
    if data.chunks is None:
        empty = not data.id.get_storage_size() and data.size
        return (
            "was never written, it has no values in the file; run what writes it again"
            if empty
            else ""
        )
    total = math.prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
    if data.id.get_num_chunks() >= total:
        return ""
    return _unwritten(data, data.shape if shape is None else shape)


def _unwritten(data: h5py.Dataset, shape: tuple[int, ...]) -> str:
    """Return how many chunks of the used part have no values, and where the first begins."""
    counts = [-(-n // c) for n, c in zip(shape, data.chunks, strict=True)]
    written = np.zeros(counts, bool)

    def mark(info: Any) -> None:
        at = tuple(o // c for o, c in zip(info.chunk_offset, data.chunks, strict=True))
        if all(i < n for i, n in zip(at, counts, strict=True)):
            written[at] = True

    data.id.chunk_iter(mark)
    if written.all():
        return ""
    first = np.argwhere(~written)[0] * np.array(data.chunks)
    return (
        f"has {written.size - written.sum()} of {written.size} chunks that were never written, the "
        f"first at index {tuple(map(int, first))}; write them, or a file of the written part"
    )


def _missing_filter(data: h5py.Dataset) -> int:
    """Return the number of the first filter that is not installed; 0 if there is none."""
    plist = data.id.get_create_plist()
    codes = [int(plist.get_filter(i)[0]) for i in range(plist.get_nfilters())]
    missing = [code for code in codes if code >= _BUILT_IN and not h5py.h5z.filter_avail(code)]
    if missing:
        with suppress(ImportError):
            import hdf5plugin  # noqa: F401  registers its filters
        missing = [code for code in missing if not h5py.h5z.filter_avail(code)]
    return missing[0] if missing else 0


def values_of(data: h5py.Dataset) -> NDArray[Any]:
    """Return the unpacked values of a small data set."""
    return np.asarray(coordinate_of(data).values)
