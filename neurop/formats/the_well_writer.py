"""Writer of a set of fields in The Well's layout; see :mod:`neurop.formats.store`."""

from __future__ import annotations

import json
import math
from typing import Any

import h5py
import numpy as np

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.formats.hdf5 import create_group, strings, to_plain, write_varying
from neurop.geometry.sphere import Sphere

_BOUNDARY = {"periodic": "PERIODIC", "dirichlet": "WALL", "neumann": "WALL", "open": "OPEN"}
_ROOT = ("dataset_name", "grid_type", "n_spatial_dims", "n_trajectories", "simulation_parameters")
_CHUNK = 2**20  # values per chunk: 4 MiB
_UNITS = {
    "D": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
}


def write_root(file: h5py.File, fieldset: FieldSet, name: str, parameters: dict[str, Any]) -> None:
    """Write the root attributes, and the numbers among the parameters as the group ``scalars``.

    Raises
    ------
    InputError
        If a parameter has the name of an attribute of the layout.
    """
    if clash := sorted(set(parameters).intersection(_ROOT)):
        raise InputError(
            f"parameter '{clash[0]}' is the name of an attribute of the layout; rename it",
            "parameters",
            clash[0],
        )
    grid = fieldset.grid
    grid_type = "equiangular" if isinstance(grid, Sphere) else "cartesian"
    file.attrs.update(
        zip(_ROOT, (name, grid_type, grid.dimensions, len(fieldset), strings(parameters)))
    )
    numbers = [
        key
        for key, value in parameters.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    varying = [one for one in fieldset.conditions if not _is_field(one)]
    scalars = create_group(file, "scalars", [*numbers, *(one.field.name for one in varying)])
    for one in varying:
        _write_condition(scalars, one)
    for key, value in parameters.items():
        file.attrs[key] = (
            value
            if isinstance(value, (bool, int, float, str))
            else json.dumps(value, default=to_plain)
        )
    for key in numbers:
        write_varying(
            scalars.create_dataset(key, data=np.array([parameters[key]], dtype=np.float32))
        )


def write_axes(file: h5py.File, fieldset: FieldSet) -> None:
    """Write ``dimensions`` (time, then one data set per axis) and ``boundary_conditions``."""
    dimensions = file.create_group("dimensions")
    dimensions.attrs["spatial_dims"] = strings(fieldset.grid.names)
    times = fieldset.times or Times(np.arange(fieldset.values.shape[1]))
    kind: Any = times.values.dtype
    dated = np.issubdtype(kind, np.datetime64)
    axis = dimensions.create_dataset(
        "time", data=times.values.astype(np.int64) if dated else times.values, fletcher32=True
    )
    axis.attrs["units"] = (
        f"{_UNITS[np.datetime_data(kind)[0]]} since 1970-01-01" if dated else times.unit
    )
    write_varying(axis)
    boundaries = file.create_group("boundary_conditions")
    for a, n in zip(fieldset.grid.axes, fieldset.shape):
        points = dimensions.create_dataset(a.name, data=a.coordinates(n), fletcher32=True)
        points.attrs["units"] = a.unit
        write_varying(points)
        side = boundaries.create_group(f"{a.name}_{a.boundary}")
        side.attrs.update(
            {
                "bc_type": _BOUNDARY[a.boundary],
                "associated_dims": strings([a.name]),
                "associated_fields": strings([]),
            }
        )
        write_varying(side)
        side.create_dataset("mask", data=np.isin(np.arange(n), (0, n - 1)))


def write_fields(file: h5py.File, fieldset: FieldSet) -> dict[str, list[dict[str, str]]]:
    """Write the channels as ``t0_fields`` of shape (sample, time, *grid).

    Return the data set and the description of each channel, per role.
    """
    roles = {
        "values": _channels(fieldset.fields, ()),
        "targets": _channels(fieldset.target_fields, fieldset.fields),
    }
    fixed = [one for one in fieldset.conditions if _is_field(one)]
    names = [c["dataset"] for channels in roles.values() for c in channels]
    t0 = create_group(file, "t0_fields", [*names, *(one.field.name for one in fixed)])
    for one in fixed:
        _write_condition(t0, one)
    for name in ("t1_fields", "t2_fields"):
        create_group(file, name, ())
    for array, channels in zip((fieldset.values, fieldset.targets), roles.values()):
        for index, channel in enumerate(channels):
            assert array is not None
            shape = (len(array), array.shape[1], *array.shape[3:])
            chunks = (1, max(1, min(shape[1], _CHUNK // math.prod(shape[2:]))), *shape[2:])
            # A checksum per chunk, so that damage of the file is an error and not wrong numbers.
            data = t0.create_dataset(
                channel["dataset"], shape, "<f4", chunks=chunks, fletcher32=True
            )
            for sample in range(len(array)):
                data[sample] = array[sample, :, index]
            data.attrs.update(
                {
                    "units": channel["unit"],
                    "long_name": channel["long_name"],
                    "dim_varying": np.ones(len(shape) - 2, bool),
                }
            )
            write_varying(data, varying=True)
    return roles


def _is_field(one: Condition) -> bool:
    return max(one.values.shape[3:]) > 1


def _write_condition(group: h5py.Group, one: Condition) -> None:
    """Write a condition without the axes along which it does not vary."""
    values = np.asarray(one.values, np.float32)[:, :, 0]
    varies = [n > 1 for n in values.shape]
    # Of a single sample or frame too.
    varies[0] |= one.role == "parameter"
    varies[1] = one.role == "forcing"
    kept = values.reshape([n for n, there in zip(values.shape, varies, strict=True) if there])
    chunked: dict[str, Any] = {"chunks": kept.shape, "fletcher32": True} if kept.ndim else {}
    data = group.create_dataset(one.field.name, data=kept, **chunked)
    data.attrs.update({"units": one.field.unit, "long_name": one.field.long_name})
    data.attrs.update({"sample_varying": varies[0], "time_varying": varies[1]})
    if _is_field(one):
        data.attrs["dim_varying"] = varies[2:]


def _channels(fields: tuple[Field, ...], taken: tuple[Field, ...]) -> list[dict[str, str]]:
    names = [f.name for f in fields]
    for name in names:
        if name in ("", ".") or "/" in name or names.count(name) > 1:
            raise InputError(
                f"field '{name}' cannot be stored: a name occurs once, is not empty and has no "
                "'/'; rename it",
                "fields",
                name,
            )
    inputs = {f.name for f in taken}
    return [
        {
            "dataset": f"{f.name}_target" if f.name in inputs else f.name,
            "name": f.name,
            "unit": f.unit,
            "long_name": f.long_name,
        }
        for f in fields
    ]
