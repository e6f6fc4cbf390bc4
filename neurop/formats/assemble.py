"""Assemble the arrays of a file into a set of fields, by name and never by position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from neurop.errors import InputError
from neurop.fields.cf import level_names
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.formats.axes import GLOBE, Order, grid_of
from neurop.formats.choose import ReadOptions, choose_arrays, names_of, sizes_of
from neurop.formats.conditions import read_conditions, role_of
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.hdf5 import one_line
from neurop.formats.members import with_samples
from neurop.formats.stack import stack_arrays
from neurop.formats.times import times_of
from neurop.memory import memory_bytes


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
    with _one_line(content):
        return _assembled(content, options or ReadOptions(), lazy)


def assemble_inputs(content: FileContent, options: ReadOptions, evolves: bool) -> FieldSet:
    """Return the input fields of a file for a prediction: its values stay in the file.

    A state without an axis ``time`` is one frame, and the targets of a map need not be there.

    Parameters
    ----------
    content
        Content of the file.
    options
        Settings, with the names of the arrays.
    evolves
        Whether the fields are states of an evolution, rather than the inputs of a map.

    Raises
    ------
    InputError
        As :func:`assemble`; and if the inputs of a map vary in time.
    """
    with _one_line(content):
        arrays = choose_arrays(content, options)
        if not evolves:
            for array in arrays:
                if array.sizes().get("time", 1) > 1:
                    raise InputError.in_file(
                        content.path,
                        f"'{array.name}' has an axis time, which the inputs of a map do not have; "
                        "give one frame",
                    )
        return _put_together(content, options, arrays, [], [], evolves)


@contextmanager
def _one_line(content: FileContent) -> Iterator[None]:
    """Turn any error about contradictory metadata, as of a damaged file, into one line."""
    try:
        yield
    except InputError as error:
        if error.key != "path" or str(content.path) in str(error):
            raise
        raise InputError.in_file(content.path, str(error)) from error
    except Exception as error:
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
    made = _put_together(content, options, inputs, targets, diagnosed, evolves)
    return made if stays_lazy(made, lazy) else made.loaded().check_finite()


def _put_together(
    content: FileContent,
    options: ReadOptions,
    inputs: list[Array],
    targets: list[Array],
    diagnosed: list[Array],
    evolves: bool,
) -> FieldSet:
    """Return the fields of some arrays, with values that stay in the file."""
    path = content.path
    sizes = sizes_of([*inputs, *targets], path)
    count, members = sizes.get("sample", 1), sizes.pop("member", 1)
    inputs, targets = (
        [with_samples(a, count, members) for a in them] for them in (inputs, targets)
    )
    if members > 1:
        sizes["sample"] = count * members
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
    fields, target_fields = fields_of(inputs, content), fields_of(targets, content)
    names = [field.name for field in fields_of(diagnosed, content)]
    fields = tuple(replace(field, diagnostic=field.name in names) for field in fields)
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
        _conditions(content, options, counts, orders, order, (count, members)),
        path,
        _attributes(content, times, members if count > 1 else 1),
    )
    # A file of this library lists the conditions of its set, of one sample too.
    return made if content.grid is not None else _varying(made, options)


def _conditions(
    content: FileContent,
    options: ReadOptions,
    sizes: Mapping[str, int],
    orders: Mapping[str, Order],
    time: Order,
    samples: tuple[int, int],
) -> tuple[Condition, ...]:
    """Return the conditions that the user names, else those of the format."""
    if options.conditions is not None or options.input:
        return read_conditions(content, options.conditions or {}, sizes, orders, time, samples)
    roles = {name: role_of(content.array(name)) for name in content.task.conditions}
    return read_conditions(content, roles, sizes, orders, time, samples)


def _varying(fields: FieldSet, options: ReadOptions) -> FieldSet:
    """Return a set whose parameters of one value, not named by the user, are attributes.

    Static fields of one value are left out.
    """
    if options.conditions is not None or options.input:
        return fields
    kept, numbers = [], {}
    for one in fields.conditions:
        values = np.asarray(one.values) if one.role != "forcing" else None
        if values is None or np.ptp(values) > 0 or not np.isfinite(values).all():
            kept.append(one)
        elif one.role == "parameter":
            numbers[one.field.name] = float(values.flat[0])
    attributes = fields.attributes | {
        k: v for k, v in numbers.items() if k not in fields.attributes
    }
    return replace(fields, conditions=tuple(kept), attributes=attributes)


def _attributes(content: FileContent, times: Times | None, members: int) -> dict[str, Any]:
    """Return the parameters of the file, the origin of its times, and the members per sample."""
    made = dict(content.metadata.parameters)
    line = content.coordinates.get("time")
    if times is not None and not times.dated and line is not None and line.origin:
        made["time_origin"] = line.origin
    return made | ({"members": members} if members > 1 else {})


def stays_lazy(made: FieldSet, lazy: bool | None) -> bool:
    """Return whether values stay in the file; by default above a quarter of the memory."""
    return made.nbytes > memory_bytes() / 4 if lazy is None else lazy


def fields_of(arrays: Sequence[Array], content: FileContent) -> tuple[Field, ...]:
    """Return the field of each channel of some arrays, in their order."""
    names = [array.name.replace("/", "_") for array in arrays]
    return tuple(
        Field(
            f"{name}{suffix}" if suffix is None or not array.labels else suffix,
            array.unit,
            array.long_name,
        )
        for array, name in zip(arrays, names)
        for suffix in _suffixes(array, content)
    )


def _suffixes(array: Array, content: FileContent) -> list[str]:
    """Return the suffixes that distinguish the channels of one array, in their order."""
    sizes = array.sizes()
    line = content.coordinates.get("level")
    levels = None if line is None else level_names(line.values, line.unit)
    if "level" in sizes:
        return levels or [str(i) for i in range(sizes["level"])]
    if "channel" not in sizes:
        return [""]
    return list(array.labels) or (
        [""] if sizes["channel"] == 1 else [str(i) for i in range(sizes["channel"])]
    )
