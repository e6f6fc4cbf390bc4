"""Files of The Well made by others: scalar and vector fields on a uniform flat grid.

R. Ohana et al., The Well, NeurIPS 2024 Datasets and Benchmarks, arXiv:2412.00568.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.data._hdf5 import plain, texts
from neurop.data.fieldset import Field, FieldSet
from neurop.errors import InputError
from neurop.physics.grid import Axis, Grid

_GROUPS = ("dimensions", "boundary_conditions", "t0_fields", "t1_fields", "t2_fields")


def from_file(file: h5py.File, source: str) -> FieldSet:
    """Read an open file in The Well's layout as an evolution.

    Fields of ``t0_fields`` and the components ``<field>_<dim>`` of ``t1_fields`` that vary in time become channels; what
    does not vary over samples or along an axis is repeated. Constant fields and tensors are listed in ``attributes["left_out"]``.
    The layout does not say which condition holds at a wall: axes are ``periodic`` (left end in, right end out) or ``open`` (both in).

    Raises
    ------
    InputError
        If a group is missing, the grid is not flat and uniform, times differ between samples, or no field varies in time.
    """
    for name in _GROUPS:
        if name not in file:
            raise InputError(f"{source}: no group '{name}'; The Well's layout has {', '.join(_GROUPS)}")
    if (kind := texts(file.attrs.get("grid_type", "cartesian"))[0]) != "cartesian":
        raise InputError(f"{source}: grid_type '{kind}' does not describe its grid; from files made elsewhere only 'cartesian' is read")
    dims = texts(file["dimensions"].attrs["spatial_dims"])
    times = _line(file, "time", source)
    lines = [_line(file, dim, source) for dim in dims]
    grid = Grid(tuple(_axis(file, dim, line, source) for dim, line in zip(dims, lines)))
    samples, shape = int(file.attrs["n_trajectories"]), (len(times), *(len(line) for line in lines))
    channels: list[tuple[str, NDArray[Any]]] = []
    left_out = texts(file["t2_fields"].attrs["field_names"])
    for order in (0, 1):
        group = file[f"t{order}_fields"]
        for name in texts(group.attrs["field_names"]):
            if not group[name].attrs["time_varying"]:
                left_out.append(name)
                continue
            # (sample, time, *grid[, component])
            array = _full(group[name], samples, shape, source)
            channels += [(f"{name}_{dim}", array[..., i]) for i, dim in enumerate(dims)] if order else [(name, array)]
    if not channels:
        raise InputError(f"{source}: no field of t0_fields or t1_fields varies in time; an evolution needs one")
    attributes = {name: plain(file.attrs[name]) for name in texts(file.attrs.get("simulation_parameters", [])) if name in file.attrs}
    if left_out:
        attributes["left_out"] = left_out
    values = np.stack([array for _, array in channels], axis=2)
    return FieldSet(values, tuple(Field(name) for name, _ in channels), grid, times=times, source=source, attributes=attributes)


def _line(file: h5py.File, name: str, source: str) -> NDArray[np.float64]:
    points = np.asarray(file["dimensions"][name][...], np.float64)
    if points.ndim == 2 and np.array_equal(points, points[:1].repeat(len(points), 0)):
        points = points[0]
    if points.ndim != 1 or len(points) < 2:
        raise InputError(f"{source}: dimension '{name}' has shape {points.shape}; need at least 2 points, the same for all samples")
    steps = np.diff(points)
    # Coordinates are stored as float32: rounding of the largest one bounds what a difference can say.
    if np.abs(steps - steps.mean()).max() > 1e-3 * abs(steps.mean()) + 4e-7 * np.abs(points).max():
        raise InputError(f"{source}: dimension '{name}' is not uniform (steps {steps.min():g} to {steps.max():g}); resample it first")
    return points


def _axis(file: h5py.File, dim: str, points: NDArray[np.float64], source: str) -> Axis:
    n, extent = len(points), float(points[-1] - points[0])
    for side in file["boundary_conditions"].values():
        if dim in texts(side.attrs["associated_dims"]) and texts(side.attrs["bc_type"])[0].upper() == "PERIODIC":
            return Axis(dim, "periodic", float(points[0]), extent * n / (n - 1))
    return Axis(dim, "open", float(points[0]), extent, layout="ends")


def _full(data: h5py.Dataset, samples: int, shape: tuple[int, ...], source: str) -> NDArray[np.float32]:
    """Return a field with the axes that the file leaves out repeated."""
    present = [bool(data.attrs["sample_varying"]), True, *(bool(v) for v in data.attrs["dim_varying"])]
    whole = (samples, *shape)
    expected = tuple(n for n, there in zip(whole, present) if there)
    if len(present) != len(whole) or data.shape[: len(expected)] != expected:
        raise InputError(f"{source}: '{data.name}' has shape {data.shape}; its attributes and the dimensions say {expected}")
    array = np.asarray(data[...], np.float32)
    array = np.expand_dims(array, [axis for axis, there in enumerate(present) if not there])
    return np.broadcast_to(array, (*whole, *array.shape[len(whole) :]))
