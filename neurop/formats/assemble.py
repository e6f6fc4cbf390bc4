"""Assemble the arrays of a file into a set of fields, by name and never by position."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.formats.axes import GLOBE, Order, grid_of
from neurop.formats.choose import ReadOptions, choose_arrays, names_of, sizes_of
from neurop.formats.conditions import read_conditions, role_of
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.hdf5 import one_line
from neurop.formats.stack import stack_arrays
from neurop.formats.times import times_of


def assemble(
    content: FileContent, options: ReadOptions | None = None, lazy: bool | None = None
) -> FieldSet:
    """Return the fields of a file as an evolution or a map.

    Parameters
    ----------
    content
        Content of the file.
    options
        Settings of the user.
    lazy
        Whether the values stay in the file and are read on demand; by default if they would take
        more than a quarter of the memory.

    Returns
    -------
    FieldSet
        One channel per array, and per entry of an axis ``channel`` or ``level`` (levels in
        ascending order).

    Raises
    ------
    InputError
        If an array is missing, its axes are unknown or contradict those of another array, or a
        value is not finite.
    """
    try:
        return _assembled(content, options or ReadOptions(), lazy)
    except InputError:
        raise
    except Exception as error:  # the metadata of a damaged file may contradict each other
        raise InputError.in_file(
            content.path,
            f"damaged, or contradicts itself ({one_line(error)[:160]}); write or download it again",
        ) from error


def _assembled(content: FileContent, options: ReadOptions, lazy: bool | None) -> FieldSet:
    path = content.path
    arrays = choose_arrays(content, options)
    inputs, targets = (
        [array for array in arrays if array.name in names] for names in names_of(content, options)
    )
    moving = [a for a in arrays if "time" in a.axes and a.sizes()["time"] > 1]
    # Targets along the time of the input are diagnosed with each state.
    diagnosed = targets if len(moving) == len(arrays) else []
    inputs, targets = (inputs + diagnosed, []) if diagnosed else (inputs, targets)
    evolves = not targets
    if evolves and (still := [a for a in inputs if "time" not in a.axes]):
        axes = list(still[0].axes)
        raise InputError(
            f"{path}: '{still[0].name}' has axes=[{', '.join(axes)}], none of them time; give "
            "target for a map, or name the axis",
            "axes",
            axes,
        )
    if not evolves and moving:
        resting = [a for a in arrays if a not in moving]
        raise InputError(
            f"{path}: '{moving[0].name}' has an axis time, '{resting[0].name}' has none; for a map "
            "name that axis otherwise, such as t",
            "target",
            targets[0].name,
        )
    sizes = sizes_of(arrays, path)
    spatial = {name: n for name, n in sizes.items() if name not in LEADING}
    if not spatial:
        raise InputError.in_file(
            path,
            f"'{inputs[0].name}' has the axes {', '.join(inputs[0].axes)}, none of a "
            "grid; give axes",
        )
    if set(GLOBE) <= set(spatial):
        spatial = {name: spatial[name] for name in GLOBE} | {
            k: n for k, n in spatial.items() if k not in GLOBE
        }
    grid, orders = grid_of(content, spatial, options.per_axis(spatial))
    frames = sizes.get("time", 1)
    times, order = (
        times_of(content.coordinates.get("time"), frames, options.step, path)
        if evolves
        else (None, np.arange(1))
    )
    counts = {"sample": sizes.get("sample", 1), "time": frames, **spatial}
    together = tuple(counts.values())
    fields, target_fields = _fields(inputs, content), _fields(targets, content)
    values = stack_arrays(inputs, content, len(fields), grid.names, together, orders, order)
    made = FieldSet(
        values,
        fields,
        grid,
        stack_arrays(targets, content, len(target_fields), grid.names, together, orders, order)
        if targets
        else None,
        target_fields,
        times,
        _conditions(content, options, counts, orders, order),
        tuple(field.name for field in _fields(diagnosed, content)),
        source=path,
        attributes=dict(content.metadata.parameters),
    )
    return made if stays_lazy(made, lazy) else made.loaded().check_finite()


def _conditions(
    content: FileContent,
    options: ReadOptions,
    sizes: Mapping[str, int],
    orders: Mapping[str, Order],
    time: Order,
) -> tuple[Condition, ...]:
    """Return the conditions that the user names, else those of the format that are not constant."""
    if options.conditions is not None or options.input:
        return read_conditions(content, options.conditions or {}, sizes, orders, time)
    roles = {name: role_of(content.array(name)) for name in content.task.conditions}
    found = read_conditions(content, roles, sizes, orders, time)
    return tuple(c for c in found if c.role == "forcing" or np.ptp(np.asarray(c.values)) > 0)


def stays_lazy(made: FieldSet, lazy: bool | None) -> bool:
    """Return whether values stay in the file; by default above a quarter of the memory."""
    return made.nbytes > memory_bytes() / 4 if lazy is None else lazy


def memory_bytes() -> int:
    """Return the memory of this machine in bytes; 8 GiB if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 2**33


def _fields(arrays: Sequence[Array], content: FileContent) -> tuple[Field, ...]:
    names = [array.name.replace("/", "_") for array in arrays]
    return tuple(
        Field(
            f"{name}{suffix}" if suffix is None or not array.labels else suffix,
            array.unit or "1",
            array.long_name,
        )
        for array, name in zip(arrays, names)
        for suffix in _suffixes(array, content)
    )


def _suffixes(array: Array, content: FileContent) -> list[str]:
    """Return the suffixes that distinguish the channels of one array, in their order."""
    sizes = array.sizes()
    levels = (
        [f"{float(v):g}" for v in np.sort(content.coordinates["level"].values)]
        if "level" in content.coordinates
        else None
    )
    if "level" in sizes:
        return levels or [str(i) for i in range(sizes["level"])]
    if "channel" not in sizes:
        return [""]
    return list(array.labels) or (
        [""] if sizes["channel"] == 1 else [str(i) for i in range(sizes["channel"])]
    )
