"""The HDF5 files of PDEArena: a group ``train``, ``valid`` or ``test``, coordinates per sample.

J. K. Gupta and J. Brandstetter, Towards multi-spatiotemporal-scale generalized PDE modeling, TMLR
2023, arXiv:2209.15616; https://github.com/pdearena/pdearena.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.formats.content import Coordinate, FileContent, Metadata, Task
from neurop.formats.hdf5_array import hdf5_array

_SPLITS = ("train", "valid", "test")
_COORDINATES = {"t": "time", "x": "x", "y": "y", "z": "z"}


def file_content(file: h5py.File, path: str) -> FileContent | None:
    """Return the fields of the only split in a file; None for any other file.

    The axes are ``(sample, time, x, y, ...)``; time and coordinates are taken from the file if all
    samples share them. Parameters with one number per sample (``buo_y``) are attributes if all
    samples share them.
    """
    splits = [name for name in _SPLITS if isinstance(file.get(name), h5py.Group)]
    group = file[splits[0]] if len(splits) == 1 else {}
    data = {
        name: item
        for name, item in group.items()
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf"
    }
    fields = {name: item for name, item in data.items() if item.ndim >= 3}
    if not fields or not {"t", "dt"} & set(data):
        return None
    arrays = []
    for name, item in fields.items():
        axes = ("sample", "time", *"xyz")[: item.ndim]
        arrays.append(hdf5_array(item, path, axes, name))
    lines, numbers = {}, {}
    for name, item in data.items():
        if name in _COORDINATES and (points := _shared(item)) is not None and points.ndim == 1:
            lines[_COORDINATES[name]] = Coordinate(points)
        elif (
            item.ndim == 1
            and name not in ("dt", "dx", "dy", "dz")
            and (number := _shared(item)) is not None
        ):
            numbers[name] = float(number)
    grid = [axis for axis in arrays[0].axes if axis in "xyz"]
    # Smoke and velocity have different conditions at the walls, so the box is open.
    boundary, layout = dict.fromkeys(grid, "open"), dict.fromkeys(grid, "left")
    return FileContent(
        "HDF5, PDEArena",
        path,
        tuple(arrays),
        lines,
        boundary,
        layout,
        Task(tuple(fields)),
        Metadata(numbers, {"split": splits[0]}),
    )


def _shared(item: h5py.Dataset) -> NDArray[Any] | None:
    """Return the value that all samples share; None if they differ."""
    values = item[...]
    first: NDArray[Any] = np.asarray(values[0])
    return first if (values == first).all() else None
