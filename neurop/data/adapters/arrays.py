"""Arrays without a layout of their own: ``.npy``, ``.npz``, any HDF5 file, NetCDF; recognised by content, never by suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.data._hdf5 import one_line, opened
from neurop.errors import InputError, nearest

LEADING = ("sample", "time", "channel")


def read(path: str | Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return named arrays of a file as they lie in it.

    Parameters
    ----------
    path
        The file. A ``.npy`` file holds one array, which takes whatever name is asked for; in HDF5 a name may be a path.
    names
        Arrays to read.

    Raises
    ------
    InputError
        If the file is missing, of another kind or damaged, an array is not in it or holds no real numbers. Nothing is unpickled.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{path}: no such file; correct the path")
    with file.open("rb") as raw:
        start = raw.read(6)
    if start.startswith(b"\x89HDF"):
        with opened(file) as content:
            found = {name: _dataset(content, name, file)[()] for name in names}
    else:
        found = _plain(file, start, names)
    for name, values in found.items():
        if values.dtype.kind not in "fiub":
            raise InputError(f"{path}: '{name}' holds {values.dtype}, not real numbers; convert it")
    return found


def _plain(file: Path, start: bytes, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    try:
        if start == b"\x93NUMPY":
            if len(names) != 1:
                raise InputError(f"{file}: one array, but {', '.join(names)} are asked for; save them together with numpy.savez")
            return {names[0]: np.load(file, allow_pickle=False)}
        if start.startswith(b"PK"):
            with np.load(file, allow_pickle=False) as content:
                return {name: content[_known(name, list(content), file)] for name in names}
        if start.startswith(b"CDF"):
            with xr.open_dataset(file, engine="scipy", decode_times=False) as data:
                return {name: data[_known(name, list(map(str, data.data_vars)), file)].values for name in names}
    except InputError:
        raise
    except Exception as error:  # damaged archives raise whatever their reader raises
        raise InputError(f"{file}: cannot be read ({one_line(error)[:120]}); write it again") from error
    raise InputError(f"{file}: no HDF5, NetCDF, .npy or .npz file (it begins with {start!r}); convert it")


def _dataset(content: h5py.File, name: str, file: Path) -> h5py.Dataset:
    known: list[str] = []
    content.visititems(lambda key, item: known.append(key) if isinstance(item, h5py.Dataset) else None)
    return content[_known(name.strip("/"), known, file)]


def _known(name: str, known: Sequence[str], file: Path) -> str:
    if name not in known:
        raise InputError(f"{file}: no array '{name}'; {nearest(name, known)}" if known else f"{file}: holds no array")
    return name


def ordered(values: NDArray[Any], axes: Sequence[str], name: str) -> NDArray[np.float32]:
    """Return an array as ``(sample, time, channel, *grid)``, float32; axes that it lacks have length 1.

    Parameters
    ----------
    values
        The array.
    axes
        Name of each of its axes; ``sample``, ``time`` and ``channel`` have a meaning, the others are the grid's.
    name
        For the message.
    """
    if values.ndim != len(axes):
        raise InputError(f"'{name}' has shape {values.shape}, but axes=[{', '.join(axes)}] names {len(axes)}; name each axis once")
    order = [axes.index(a) for a in LEADING if a in axes] + [i for i, a in enumerate(axes) if a not in LEADING]
    values = values.transpose(order)
    for place, axis in enumerate(LEADING):
        if axis not in axes:
            values = np.expand_dims(values, place)
    return np.ascontiguousarray(values, np.float32)
