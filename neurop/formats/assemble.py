"""Assemble the arrays of a file into a set of fields, by name and never by position."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurop.errors import InputError, nearest
from neurop.fields.fieldset import Field, FieldSet
from neurop.formats.axes import GLOBE, grid_of
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.hdf5 import one_line
from neurop.formats.stack import stack_arrays
from neurop.formats.standard_names import canonical
from neurop.formats.times import times_of


@dataclass(frozen=True)
class ReadOptions:
    """Settings of the user that describe a file; by default they are read from the file.

    Parameters
    ----------
    input, target
        Names of the input and the predicted arrays; no target for an evolution in time.
    axes
        Names of the axes of these arrays, in stored order.
    boundary, length, layout
        Boundary, length and layout of the grid's axes (:class:`neurop.geometry.axis.Axis`): one
        value for all, or one per axis by name.
    step
        Time between frames.
    """

    input: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    boundary: str | Mapping[str, str] | None = None
    length: float | Mapping[str, float] | None = None
    layout: str | Mapping[str, str] | None = None
    step: float | None = None

    def per_axis(self, axes: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return the given values per option and grid axis; raise InputError for unknown axes."""
        axes = list(axes)
        found: dict[str, Mapping[str, Any]] = {}
        for option, given in (
            ("boundary", self.boundary),
            ("length", self.length),
            ("layout", self.layout),
        ):
            found[option] = (
                dict(given)
                if isinstance(given, Mapping)
                else {}
                if given is None
                else dict.fromkeys(axes, given)
            )
            if unknown := [str(name) for name in found[option] if name not in axes]:
                raise InputError.of(
                    option, given, f"no axis '{unknown[0]}'; {nearest(unknown[0], axes)}"
                )
        return found


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
    arrays = _chosen(content, options)
    inputs, targets = (
        [array for array in arrays if array.name in names] for names in _names(content, options)
    )
    evolves = not targets
    if evolves and (still := [a for a in inputs if "time" not in a.axes]):
        axes = list(still[0].axes)
        raise InputError(
            f"{path}: '{still[0].name}' has axes=[{', '.join(axes)}], none of them time; give "
            "target for a map, or name the axis",
            "axes",
            axes,
        )
    moving = [a for a in arrays if "time" in a.axes and a.sizes()["time"] > 1]
    if not evolves and moving:
        raise InputError(
            f"{path}: '{moving[0].name}' has an axis time, but a map (with "
            f"target={targets[0].name}) has none; give it another name, such as t",
            "target",
            targets[0].name,
        )
    sizes = _sizes(arrays, path)
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
    together = (sizes.get("sample", 1), frames, *spatial.values())
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
        path,
        dict(content.metadata.parameters),
    )
    if lazy is None:
        lazy = made.nbytes > memory_bytes() / 4
    return made if lazy else made.loaded().check_finite()


def memory_bytes() -> int:
    """Return the memory of this machine in bytes; 8 GiB if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 2**33


def _names(content: FileContent, options: ReadOptions) -> tuple[Sequence[str], Sequence[str]]:
    inputs: Sequence[str]
    inputs, targets = (
        (options.input, options.target)
        if options.input
        else (content.task.input, content.task.target)
    )
    if not inputs and options.axes and len(content.arrays) == 1:
        # With a single array there is no choice.
        inputs = content.names()
    return [name.strip("/") for name in inputs], [name.strip("/") for name in targets]


def _chosen(content: FileContent, options: ReadOptions) -> list[Array]:
    inputs, targets = _names(content, options)
    known = content.names()
    if not inputs:
        raise InputError.in_file(
            content.path,
            f"{content.format} with {', '.join(known[:8]) or 'no array'} defines "
            "no learning task; give input, and target for a map",
        )
    found = []
    for name in (*inputs, *targets):
        if name not in known:
            raise InputError(
                f"{content.path}: no array '{name}'; {nearest(name, known)}",
                "input" if name in inputs else "target",
                name,
            )
        array = content.array(name)
        if array.dtype.kind not in "fiub":
            raise InputError.in_file(
                content.path, f"'{name}' contains {array.dtype}, not real numbers; convert it"
            )
        if options.axes:
            if len(options.axes) != len(array.shape):
                names = ", ".join(options.axes)
                raise InputError(
                    f"{content.path}: '{name}' has shape {array.shape}, but axes=[{names}] names "
                    f"{len(options.axes)}; name each axis once",
                    "axes",
                    list(options.axes),
                )
            array = replace(array, axes=tuple(map(_canonical, options.axes)))
        if twice := [axis for axis in array.axes if axis and array.axes.count(axis) > 1]:
            raise InputError.in_file(
                content.path,
                f"'{name}' has two axes named {twice[0]}; select one entry of one of them first",
            )
        if "" in array.axes:
            shape = ", ".join(map(str, array.shape))
            raise InputError.in_file(
                content.path,
                f"the axes of '{name}' ({shape}) have no names; give axes, such "
                f"as [{', '.join(_guess(array))}]",
            )
        if 0 in array.shape:
            raise InputError.in_file(
                content.path, f"'{name}' has shape {array.shape}, it is empty; write the file again"
            )
        found.append(array)
    return found


def _guess(array: Array) -> list[str]:
    rank = len(array.shape)
    return ["sample", "time", *"xyz"][:rank] if rank > 2 else ["sample", "x"][:rank]


def _sizes(arrays: Sequence[Array], path: str) -> dict[str, int]:
    """Return the length of every axis, the same in all arrays."""
    sizes: dict[str, tuple[int, str]] = {}
    for array in arrays:
        for axis, n in array.sizes().items():
            known, other = sizes.setdefault(axis, (n, array.name))
            if known != n and axis not in ("channel", "level"):
                raise InputError.in_file(
                    path,
                    f"axis {axis} has {known} entries in '{other}' and {n} in "
                    f"'{array.name}'; they must agree",
                )
    return {axis: n for axis, (n, _) in sizes.items()}


def _canonical(axis: str) -> str:
    """Return latitude and longitude for their short names, and other names unchanged.

    A name such as ``t`` may be an axis of the grid.
    """
    return canonical(axis) if canonical(axis) in GLOBE else axis


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
