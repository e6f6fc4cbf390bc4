"""Open files, one per process and path, which lazily read arrays share."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.formats.conventions.packing import KEYS, unpack
from neurop.formats.hdf5 import one_line

MOST = 32
"""Largest number of open files."""

_open: OrderedDict[tuple[int, str, str], tuple[tuple[int, ...], Any]] = OrderedDict()


def handle(path: str, kind: str, opener: Callable[[str], Any]) -> Any:
    """Return the open file of this process, opened again if it was replaced.

    A child of a fork opens its own file, since two processes may not share one.
    """
    key, state = (os.getpid(), path, kind), current_state(path)
    if key not in _open:
        _open[key] = state, opener(path)
        while len(_open) > MOST:
            (process, _, _), (_, oldest) = _open.popitem(last=False)
            if process == os.getpid():
                oldest.close()
    _open.move_to_end(key)
    return _open[key][1]


def current_state(path: str) -> tuple[int, ...]:
    """Return the state of a file, and close handles of an earlier one, which HDF5 would still read.

    The state is device, inode, size and time of change.
    """
    stat = os.stat(path)
    state = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    for key in [
        key for key, (then, _) in _open.items() if key[:2] == (os.getpid(), path) and then != state
    ]:
        _open.pop(key)[1].close()
    return state


@dataclass(frozen=True)
class HDF5Part:
    """Reader of slices of one data set of an HDF5 file, unpacked by its attributes.

    Parameters
    ----------
    path, name
        Path of the file, and name of the data set in it.
    reverse
        Whether the axes are in Fortran order, last first, as MATLAB writes them.
    problem
        Reason why the values cannot be used.
    """

    path: str
    name: str
    reverse: bool = False
    problem: str = ""

    def __call__(self, where: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values of one slice per axis."""
        try:
            data = handle(self.path, "hdf5", _hdf5)[self.name]
            stored = np.asarray(data[where[::-1] if self.reverse else where])
            found: NDArray[Any] = unpack(stored, stored_attributes(data))
        except InputError as error:
            raise InputError.in_file(self.path, f"'{self.name}': {error}") from error
        except Exception as error:  # the library raises many types for a damaged file
            raise InputError.in_file(
                self.path,
                f"damaged, '{self.name}' cannot be read ({one_line(error)[:120]}); "
                "write or download it again",
            ) from error
        return found.transpose() if self.reverse else found


def stored_attributes(data: h5py.Dataset) -> dict[str, Any]:
    """Return those attributes of a data set that change its values.

    A fill value of the data set itself is one: the library writes it where no value was given.
    """
    found = {key: data.attrs[key] for key in KEYS if key in data.attrs}
    if "_FillValue" not in found and data.dtype.kind in "iuf":
        defined = data.id.get_create_plist().fill_value_defined()
        if defined == h5py.h5d.FILL_VALUE_USER_DEFINED and data.fillvalue != 0:
            found["_FillValue"] = data.fillvalue
    return found


def _hdf5(path: str) -> h5py.File:
    return h5py.File(path, "r")


def fingerprint(path: str | Path) -> str:
    """Return path, number of files, size and time of change of a file or folder, as one text."""
    path = Path(path).resolve()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    size, changed = sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)
    return f"{path} {len(files)} {size} {changed}"
