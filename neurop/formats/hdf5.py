"""HDF5 helpers of the store and the readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurop.errors import InputError
from neurop.formats.links import check_hdf5_links


@contextmanager
def open_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """Open a file for reading; any failure inside the block becomes one InputError naming it.

    A file that reads others outside of its folder is refused.
    """
    if not Path(path).is_file():
        raise InputError.in_file(path, "no such file; generate the data or correct the path")
    try:
        with h5py.File(path, "r") as file:
            check_hdf5_links(file)
            yield file
    except InputError as error:
        raise error if str(path) in str(error) else InputError.in_file(path, str(error)) from error
    except KeyError as error:
        raise InputError.in_file(
            path, f"incomplete, {one_line(error)}; write or download the file again"
        ) from error
    except Exception as error:  # the library raises many types for a damaged file
        what = "damaged or truncated" if _has_signature(path) else "not an HDF5 file"
        raise InputError.in_file(
            path, f"{what} ({one_line(error)}); write or download the file again"
        ) from error


def one_line(error: BaseException) -> str:
    """Return the message of an error on one line."""
    return " ".join(str(error.args[-1] if error.args else type(error).__name__).split())


def strings(items: Iterable[str]) -> Any:
    """Return variable-length strings; an empty list has this type too, and not float64."""
    return np.array(list(items), dtype=h5py.string_dtype())


def texts(value: Any) -> list[str]:
    """Return an attribute of one or more strings as a list."""
    return [
        item.decode() if isinstance(item, bytes) else str(item) for item in np.atleast_1d(value)
    ]


def scales(data: h5py.Dataset) -> list[dict[str, h5py.Dataset]]:
    """Return the scales attached to each axis of a data set, by their names.

    They are read from the attributes directly: for a damaged file, the library's own functions for
    scales end the process.
    """
    lists = data.attrs.get("DIMENSION_LIST")
    if lists is None:
        return [{} for _ in range(data.ndim)]
    if len(lists) != data.ndim:
        raise ValueError(f"'{data.name}' has {data.ndim} axes and scales for {len(lists)}")
    attached = [[data.file[reference] for reference in references] for references in lists]
    return [
        {
            texts(item.attrs.get("NAME", b"") or b"")[0] or item.name.rsplit("/", 1)[-1]: item
            for item in items
        }
        for items in attached
    ]


def is_scale(data: h5py.Dataset) -> bool:
    """Return whether a data set is the scale of an axis."""
    return texts(data.attrs.get("CLASS", ""))[0] == "DIMENSION_SCALE"


def labels(data: h5py.Dataset) -> list[str]:
    """Return the label of each axis of a data set, ``""`` if there is none."""
    found = data.attrs.get("DIMENSION_LABELS")
    return (
        [""] * data.ndim
        if found is None or len(found) != data.ndim
        else [texts(label or "")[0] for label in found]
    )


def create_group(file: h5py.File, name: str, fields: Iterable[str]) -> h5py.Group:
    """Create a group of The Well's layout that lists its data sets in ``field_names``."""
    made = file.create_group(name)
    made.attrs["field_names"] = strings(fields)
    return made


def write_varying(item: Any, varying: bool = False) -> None:
    """Record whether a data set varies from sample to sample and in time."""
    item.attrs["sample_varying"] = item.attrs["time_varying"] = varying


def to_plain(value: Any) -> Any:
    """Convert NumPy values to Python's, others to text: the `default` of :func:`json.dumps`."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def _has_signature(path: str | Path) -> bool:
    with open(path, "rb") as raw:
        return raw.read(8) == b"\x89HDF\r\n\x1a\n"
