"""Files in The Well's layout: scalar, vector and tensor fields on a flat grid or a sphere.

R. Ohana et al., The Well: a large-scale collection of diverse physics simulations for machine
learning, NeurIPS 2024 Datasets and Benchmarks, arXiv:2412.00568;
https://polymathic-ai.org/the_well/data_format.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.formats.content import Array, Coordinate, FileContent, Metadata, Task
from neurop.formats.hdf5 import texts, to_plain
from neurop.formats.hdf5_array import hdf5_array, unit_of
from neurop.geometry.grid import Grid

GROUPS = ("dimensions", "boundary_conditions", "t0_fields", "t1_fields", "t2_fields")
RECORD = "neurop"
_SPHERE = {"theta": "latitude", "phi": "longitude", "lat": "latitude", "lon": "longitude"}
_ABOUT = ("dataset_name", "grid_type", "n_trajectories")


def file_content(file: h5py.File, path: str) -> FileContent | None:
    """Return the fields of a file in The Well's layout; None for other HDF5.

    The components of ``t1_fields`` and ``t2_fields`` are channels ``<field>_<dim>`` and
    ``<field>_<dim><dim>``, of a symmetric tensor those on and above the diagonal. A field that does
    not vary from sample to sample, in time or along an axis lacks that axis. Scalar fields that do
    not vary in time are static fields of the task, and scalars that vary its parameters and
    forcings; ``attributes["left_out"]`` lists constant vectors and tensors. The layout does not
    record the condition at a wall: axes are ``periodic`` or ``open``. On a sphere ``theta`` is
    the colatitude (radians or degrees) and becomes ``latitude``, ``phi`` becomes ``longitude``.

    Raises
    ------
    InputError
        If a group is missing, the times differ between samples, or a shape contradicts the
        attributes.
    """
    if "t0_fields" not in file and not {"dimensions", "t1_fields"} <= set(file):
        return None
    for name in GROUPS:
        if name not in file:
            raise InputError.in_file(
                path, f"no group '{name}'; The Well's layout has {', '.join(GROUPS)}"
            )
    dims = texts(file["dimensions"].attrs["spatial_dims"])
    sphere = (
        {dim: _SPHERE.get(dim, dim) for dim in dims}
        if texts(file.attrs.get("grid_type", ""))[0] == "equiangular"
        else {}
    )
    axes = tuple(sphere.get(dim, dim) for dim in dims)
    times = file["dimensions"]["time"]
    lines = {"time": Coordinate(_same(times[...], "time", path), unit_of(times))}
    for dim, axis in zip(dims, axes, strict=True):
        points = file["dimensions"][dim]
        values = np.asarray(_same(points[...], dim, path), np.float64)
        angle = dim in ("theta", "phi") and axis != dim
        lines[axis] = (
            Coordinate(_degrees(values, dim), "degrees")
            if angle
            else Coordinate(values, unit_of(points))
        )
    samples, shape = (
        int(file.attrs["n_trajectories"]),
        tuple(len(lines[axis].values) for axis in axes),
    )
    sizes = (samples, len(lines["time"].values), *shape)
    arrays = [
        _array(file[f"t{order}_fields"], name, order, dims, ("sample", "time", *axes), sizes, path)
        for order in (0, 1, 2)
        for name in _named(file[f"t{order}_fields"])
    ]
    attributes = {
        name: to_plain(file.attrs[name])
        for name in texts(file.attrs.get("simulation_parameters", []))
        if name in file.attrs
    }
    facts = {key: texts(file.attrs[key])[0] for key in _ABOUT if key in file.attrs}
    facts |= {key: str(value) for key, value in attributes.items()}
    if RECORD in file:
        return _ours(file, path, [*arrays, *_scalars(file, path)], lines, facts)
    moving = tuple(a.name for a in arrays if "time" in a.axes)
    still = [a for a in arrays if "time" not in a.axes]
    if left_out := [a.name for a in still if "channel" in a.axes]:
        attributes["left_out"] = left_out
    scalars = _scalars(file, path)
    given = (*(a.name for a in scalars), *(a.name for a in still if "channel" not in a.axes))
    boundary = {axis: _boundary(file, dim) for dim, axis in zip(dims, axes, strict=True)}
    return FileContent(
        "HDF5, The Well's layout",
        path,
        (*arrays, *scalars),
        lines,
        boundary,
        {},
        Task(moving, conditions=given),
        Metadata(attributes, facts),
    )


def _ours(
    file: h5py.File,
    path: str,
    arrays: list[Array],
    lines: dict[str, Coordinate],
    facts: dict[str, str],
) -> FileContent:
    """Return the content of a file of :mod:`neurop.formats.store`, completed from its record."""
    record = json.loads(np.ravel(file[RECORD][()])[0])
    roles = {role: tuple(c["dataset"] for c in record[role]) for role in ("values", "targets")}
    for name in (*roles["values"], *roles["targets"]):
        if name not in {array.name for array in arrays}:
            raise InputError.in_file(
                path,
                f"no data set 't0_fields/{name}', which the record lists; write or "
                "download the file again",
            )
    if record["times"] is None:
        del lines["time"]
    else:
        lines["time"] = Coordinate(
            lines["time"].values.astype(record["times"]), record["time_unit"]
        )
    facts |= {key: str(record[key]) for key in ("source", "digest") if record.get(key)}
    attributes = {**record["parameters"], **record["attributes"]}
    name, grid = "HDF5, The Well's layout, written by neurop", Grid.from_dict(record["grid"])
    boundary, layout = (
        {a.name: getattr(a, option) for a in grid.axes} for option in ("boundary", "layout")
    )
    return FileContent(
        name,
        path,
        tuple(arrays),
        lines,
        boundary,
        layout,
        Task(roles["values"], roles["targets"], tuple(record.get("conditions", ()))),
        Metadata(attributes, facts),
        grid,
    )


def _scalars(file: h5py.File, path: str) -> list[Array]:
    """Return the scalars that vary from sample to sample or in time."""
    group = file.get("scalars", {})
    made = []
    for name in _named(group) if group else ():
        data = group[name]
        pairs = zip(("sample", "time"), ("sample_varying", "time_varying"), strict=True)
        axes = tuple(axis for axis, key in pairs if data.attrs.get(key, False))
        if axes and data.ndim == len(axes):
            made.append(hdf5_array(data, path, axes, name))
    return made


def _named(group: h5py.Group) -> list[str]:
    return texts(group.attrs["field_names"]) if "field_names" in group.attrs else list(group)


@dataclass(frozen=True)
class _Components:
    """Reader of chosen components of a vector or tensor field as one axis."""

    part: Callable[[tuple[slice, ...]], NDArray[Any]]
    order: int
    chosen: tuple[int, ...]
    problem: str = ""

    def __call__(self, where: tuple[slice, ...]) -> NDArray[Any]:
        found = self.part((*where[:-1], *[slice(None)] * self.order))
        flat = found.reshape(*found.shape[: found.ndim - self.order], -1)
        return flat[..., list(self.chosen)][..., where[-1]]


def _array(
    group: h5py.Group,
    name: str,
    order: int,
    dims: list[str],
    axes: tuple[str, ...],
    sizes: tuple[int, ...],
    path: str,
) -> Array:
    if name not in group:
        raise InputError.in_file(
            path,
            f"no data set '{group.name.strip('/')}/{name}', which its group lists; write "
            "or download the file again",
        )
    data = group[name]
    varies = (data.attrs["sample_varying"], data.attrs["time_varying"], *data.attrs["dim_varying"])
    present = [bool(v) for v in varies]
    expected = tuple(n for n, there in zip(sizes, present) if there) + (len(dims),) * order
    if len(present) != len(sizes) or data.shape != expected:
        raise InputError.in_file(
            path,
            f"'{data.name}' has shape {data.shape}; its attributes and the dimensions "
            f"give {expected}",
        )
    # A size that exceeds the file is damage, found before memory is allocated.
    if (
        data.chunks is not None
        and data.compression is None
        and data.size * data.dtype.itemsize > group.file.id.get_filesize()
    ):
        raise InputError.in_file(
            path,
            f"damaged, '{data.name}' has shape {data.shape}, more than the file can hold; "
            "write or download it again",
        )
    present_axes = tuple(axis for axis, there in zip(axes, present) if there)
    if not order:
        return hdf5_array(data, path, present_axes, name)
    whole = hdf5_array(data, path, (*present_axes, *[""] * order), name)
    numbers = [
        index for index in product(range(len(dims)), repeat=order) if _independent(index, data)
    ]
    chosen = tuple(int(np.ravel_multi_index(index, (len(dims),) * order)) for index in numbers)
    labels = tuple(f"{name}_{''.join(dims[i] for i in index)}" for index in numbers)
    shape = (*data.shape[: data.ndim - order], len(chosen))
    return replace(
        whole,
        axes=(*present_axes, "channel"),
        shape=shape,
        fetch=_Components(whole.fetch, order, chosen, whole.problem),
        labels=labels,
    )


def _independent(index: tuple[int, ...], data: h5py.Dataset) -> bool:
    if len(index) < 2:
        return True
    if data.attrs.get("antisymmetric", False):
        return index[0] < index[1]
    return index[0] <= index[1] or not data.attrs.get("symmetric", False)


def _same(points: NDArray[Any], name: str, path: str) -> NDArray[Any]:
    if points.ndim == 2 and np.array_equal(points, points[:1].repeat(len(points), 0)):
        points = points[0]
    if points.ndim != 1:
        raise InputError.in_file(
            path,
            f"dimension '{name}' has shape {points.shape}; need points that are the same "
            "for all samples",
        )
    return points


def _degrees(values: NDArray[np.float64], dim: str) -> NDArray[np.float64]:
    degrees = values if np.abs(values).max() > 2 * np.pi + 1e-3 else np.rad2deg(values)
    return 90.0 - degrees if dim == "theta" and degrees.min() >= 0 else degrees


def _boundary(file: h5py.File, dim: str) -> str:
    for side in file["boundary_conditions"].values():
        if (
            dim in texts(side.attrs["associated_dims"])
            and texts(side.attrs["bc_type"])[0].upper() == "PERIODIC"
        ):
            return "periodic"
    return "open"
