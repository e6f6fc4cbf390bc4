"""Check Zarr stores of version 2 and 3 before anything in them is decoded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neurop.errors import InputError
from neurop.extras import advice
from neurop.formats.links import check_folder_links
from neurop.memory import check_fits

MOST = 2**27
"""Largest number of points of one coordinate, which is read at once."""

_ROOTS = ("zarr.json", ".zgroup", ".zmetadata")


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a Zarr store."""
    return any((path / name).is_file() for name in _ROOTS)


def has_index(path: Path) -> bool:
    """Return whether a store has consolidated metadata, without which xarray would warn."""
    root = path / "zarr.json"
    if (path / ".zmetadata").is_file() or not root.is_file():
        return (path / ".zmetadata").is_file()
    try:
        about = json.loads(root.read_text(errors="replace"))
    except ValueError:
        return False
    # Some versions of zarr write null where there is none.
    return isinstance(about, dict) and about.get("consolidated_metadata") is not None


def check_store(store: Path) -> None:
    """Raise InputError for a store that cannot be read, or not safely.

    Reasons are pickled values, sizes beyond the memory, links out of its folder, no package zarr.
    """
    if find_spec("zarr") is None:
        raise InputError.in_file(store, f"a Zarr store needs the package zarr: {advice('zarr')}")
    check_folder_links(store)
    for name in (".zarray", "zarr.json", ".zmetadata"):
        for file in store.rglob(name):
            about = json.loads(file.read_text())
            if _pickled(about):
                raise InputError.in_file(
                    store,
                    f"'{file.parent.name}' contains Python objects, which could run code "
                    "when read; write numbers",
                )
            for shape, size in _chunks(about):
                check_fits(
                    f"a chunk {shape} of '{file.parent.name}'",
                    math.prod(shape) * size,
                    "rewrite the store in smaller chunks",
                    store,
                )
            for shape in _shapes(about):
                if len(shape) == 1 and shape[0] > MOST:
                    raise InputError.in_file(
                        store,
                        f"damaged, '{file.parent.name}' has {shape[0]} points; write or "
                        "download it again",
                    )


def _inside(about: Any) -> Iterator[dict[str, Any]]:
    """Yield a JSON object and those nested in it, except user attributes."""
    if isinstance(about, dict):
        yield about
    items = (
        about.items()
        if isinstance(about, dict)
        else enumerate(about)
        if isinstance(about, list)
        else ()
    )
    for key, value in items:
        if key != "attributes" and not str(key).endswith(".zattrs"):
            yield from _inside(value)


def _pickled(about: Any) -> bool:
    return any(
        "pickle" in str(item.get(key))
        for item in _inside(about)
        for key in ("id", "name", "object_codec_id")
    )


def _shapes(about: Any) -> Iterator[list[int]]:
    return (item["shape"] for item in _inside(about) if isinstance(item.get("shape"), list))


def _chunks(about: Any) -> Iterator[tuple[list[int], int]]:
    """Yield shape, and bytes per value, of the chunks of each array: they are decoded whole."""
    for item in _inside(about):
        regular = item.get("chunk_grid")
        inside = regular.get("configuration") if isinstance(regular, dict) else item
        shape = inside.get("chunk_shape", inside.get("chunks")) if isinstance(inside, dict) else []
        if isinstance(shape, list) and shape and all(isinstance(n, int) for n in shape):
            digits = re.search(r"\d+$", str(item.get("dtype", item.get("data_type", ""))))
            size = int(digits[0]) if digits else 1
            yield shape, max(1, size // 8 if "data_type" in item else size)


def _last_row(folder: Path) -> int | None:
    """Return the largest index along the first axis of the stored chunks; None without any."""
    rows = []
    for file in folder.rglob("*"):
        key = ".".join(file.relative_to(folder).parts)
        if file.is_file() and (found := re.fullmatch(r"(?:c\.)?(\d+)(?:\.\d+)*", key)):
            rows.append(int(found[1]))
    return max(rows, default=None)


def unwritten(store: Path) -> dict[str, str]:
    """Return the arrays whose last entries of the first axis were never written, and the reason.

    A writer may leave out chunks of the fill value; those that a stopped run did not reach are the
    last ones, over all other axes.
    """
    import numpy as np
    import zarr

    reasons = {}
    for name, array in zarr.open_group(store, mode="r").arrays():
        fill = array.fill_value
        blank = fill is not None and np.asarray(fill).dtype.kind in "iuf" and not np.isnan(fill)
        if array.ndim < 2 or not blank or array.nchunks_initialized >= array.nchunks:
            continue
        stored = array.shards or array.chunks
        rows = -(-array.shape[0] // stored[0])
        last = _last_row(store / name)
        if last is None or last + 1 < rows:
            reasons[name] = (
                f"has {array.nchunks - array.nchunks_initialized} of {array.nchunks} chunks that "
                f"were never written and read as {fill}; write them, or a store of the written part"
            )
    return reasons
