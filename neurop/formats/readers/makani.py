"""The HDF5 files of makani and FourCastNet: all variables in one array, a file per year.

B. Bonev et al., Spherical Fourier neural operators, ICML 2023, arXiv:2306.03838;
https://github.com/NVIDIA/makani.
"""

from __future__ import annotations

import h5py
import numpy as np

from neurop.fields.cf import is_position
from neurop.fields.standard_names import canonical
from neurop.formats.content import Coordinate, FileContent, Metadata, Task
from neurop.formats.hdf5 import scales, texts
from neurop.formats.hdf5_array import hdf5_array

_AXES = ("time", "channel", "latitude", "longitude")


def file_content(file: h5py.File, path: str) -> FileContent | None:
    """Return the array ``fields`` (time, channel, latitude, longitude); None for other HDF5.

    Coordinates are the scales attached to its axes: ``timestamp`` (seconds since 1970), channel
    names, degrees. Files of FourCastNet, which have none, are assumed to be on a global grid that
    starts at 90 and 0 degrees, without the south pole if the number of rows is even. Other arrays
    (latitude, longitude), such as an orography, are static fields.
    """
    fields = file.get("fields")
    if not isinstance(fields, h5py.Dataset) or fields.ndim != 4 or not _is_global(fields):
        return None
    lines: dict[str, Coordinate] = {}
    labels: tuple[str, ...] = ()
    for axis, attached in zip(_AXES, scales(fields), strict=True):
        by_name = {canonical(name): scale for name, scale in attached.items()}
        if axis == "time" and (stamp := by_name.get("timestamp", by_name.get("time"))) is not None:
            lines["time"] = Coordinate(
                (np.round(np.asarray(stamp[...], np.float64) * 1e3)).astype("datetime64[ms]")
            )
        elif axis == "channel" and "channel" in by_name:
            labels = tuple(texts(by_name["channel"][...]))
        elif axis in by_name:
            lines[axis] = Coordinate(np.asarray(by_name[axis][...], np.float64))
    rows, columns = fields.shape[2:]
    lines.setdefault("longitude", Coordinate(np.arange(columns) * 360.0 / columns))
    lines.setdefault(
        "latitude", Coordinate(90.0 - 180.0 * np.arange(rows) / (rows - 1 if rows % 2 else rows))
    )
    name = "makani" if labels else "FourCastNet"
    array = hdf5_array(fields, path, _AXES, labels=labels)
    still = [
        hdf5_array(item, path, _AXES[2:])
        for name, item in file.items()
        if isinstance(item, h5py.Dataset)
        and item.shape == fields.shape[2:]
        and item.dtype.kind in "iuf"
        and not is_position(name, item.attrs)
    ]
    facts = {key: str(value) for key, value in file.attrs.items() if np.ndim(value) == 0}
    return FileContent(
        f"HDF5, {name}",
        path,
        (array, *still),
        lines,
        task=Task(("fields",), conditions=tuple(a.name for a in still)),
        metadata=Metadata(facts=facts),
    )


def _is_global(fields: h5py.Dataset) -> bool:
    """Return whether the last two axes have such names, or the shape of a global grid.

    Other files may use the same name for their array.
    """
    rows, columns = fields.shape[2:]
    attached = scales(fields)
    named = {canonical(name) for axis in attached[2:] for name in axis}
    return {"latitude", "longitude"} <= named or (
        not any(attached) and columns in (2 * rows, 2 * (rows - 1))
    )
