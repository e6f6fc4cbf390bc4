"""From what a file holds to a set of fields, by name and never by position."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurop.errors import InputError, nearest
from neurop.fields.fieldset import Field, FieldSet
from neurop.formats.axes import GLOBE, grid_of, times_of
from neurop.formats.axis_names import canonical
from neurop.formats.channels import stack_arrays
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.hdf5 import one_line


@dataclass(frozen=True)
class ReadOptions:
    """What the user says of a file; what is left out the file must say itself.

    Parameters
    ----------
    input, target
        Names of arrays; no target for an evolution in time.
    axes
        Names of the axes of these arrays, in stored order.
    boundary, length, layout
        Of the grid's axes (:class:`neurop.geometry.axis.Axis`): one value for all, or one per axis
        by name.
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

    def options(self, axes: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return what is given, per option and grid axis; raise InputError for an axis that
        there is not.
        """
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
                raise InputError(
                    f"data.{option}: no axis '{unknown[0]}'; {nearest(unknown[0], axes)}"
                )
        return found


def assemble(
    content: FileContent, choice: ReadOptions | None = None, lazy: bool | None = None
) -> FieldSet:
    """Return the fields of a file as an evolution or a map.

    Parameters
    ----------
    content
        What the file holds.
    choice
        What the user says.
    lazy
        Leave the values in the file and read them when they are needed; by default if they would
        take more than a quarter of the memory.

    Returns
    -------
    FieldSet
        One channel per array, and per entry of an axis ``channel`` or ``level`` (levels in
        ascending order).

    Raises
    ------
    InputError
        If an array is not there, its axes are not known or do not fit the others', or a value is
        not finite.
    """
    try:
        return _assembled(content, choice or ReadOptions(), lazy)
    except InputError:
        raise
    except Exception as error:  # what a damaged file says of itself need not make sense
        raise InputError(
            f"{content.path}: damaged, or contradicts itself ({one_line(error)[:160]}); write or "
            "download it again"
        ) from error


def _assembled(content: FileContent, choice: ReadOptions, lazy: bool | None) -> FieldSet:
    path = content.path
    arrays = _chosen(content, choice)
    inputs, targets = (
        [array for array in arrays if array.name in names] for names in _names(content, choice)
    )
    evolves = not targets
    if evolves and (still := [a.name for a in inputs if "time" not in a.axes]):
        raise InputError(
            f"{path}: '{still[0]}' has no axis time; name data.target for a map, or name the "
            "axis: data.axes=[...]"
        )
    moving = [a for a in arrays if "time" in a.axes and a.sizes()["time"] > 1]
    if not evolves and moving:
        raise InputError(
            f"{path}: '{moving[0].name}' has an axis time, but a map (data.target) has none; give "
            "it another name, such as t"
        )
    sizes = _sizes(arrays, path)
    spatial = {name: n for name, n in sizes.items() if name not in LEADING}
    if not spatial:
        raise InputError(
            f"{path}: '{inputs[0].name}' has the axes {', '.join(inputs[0].axes)}, none of a "
            "grid; name data.axes"
        )
    if set(GLOBE) <= set(spatial):
        spatial = {name: spatial[name] for name in GLOBE} | {
            k: n for k, n in spatial.items() if k not in GLOBE
        }
    grid, orders = grid_of(content, spatial, choice.options(spatial))
    frames = sizes.get("time", 1)
    times, unit, order = (
        times_of(content.lines.get("time"), frames, choice.step, path)
        if evolves
        else (None, "1", np.arange(1))
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
        unit,
        path,
        dict(content.attributes),
    )
    if lazy is None:
        lazy = made.nbytes > memory() / 4
    return made if lazy else made.loaded().check_finite()


def memory() -> int:
    """Return the bytes of memory of this machine; 8 GiB where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 2**33


def _names(content: FileContent, choice: ReadOptions) -> tuple[Sequence[str], Sequence[str]]:
    inputs: Sequence[str]
    inputs, targets = (
        (choice.input, choice.target) if choice.input else (content.input, content.target)
    )
    if not inputs and choice.axes and len(content.arrays) == 1:
        # There is nothing to choose.
        inputs = content.names()
    return [name.strip("/") for name in inputs], [name.strip("/") for name in targets]


def _chosen(content: FileContent, choice: ReadOptions) -> list[Array]:
    inputs, targets = _names(content, choice)
    known = content.names()
    if not inputs:
        raise InputError(
            f"{content.path}: {content.format} with {', '.join(known[:8]) or 'no array'} does not "
            "say what to learn; "
            "name data.input, and data.target for a map"
        )
    found = []
    for name in (*inputs, *targets):
        if name not in known:
            raise InputError(f"{content.path}: no array '{name}'; {nearest(name, known)}")
        array = content.array(name)
        if array.dtype.kind not in "fiub":
            raise InputError(
                f"{content.path}: '{name}' holds {array.dtype}, not real numbers; convert it"
            )
        if choice.axes:
            if len(choice.axes) != len(array.shape):
                names = ", ".join(choice.axes)
                raise InputError(
                    f"{content.path}: '{name}' has shape {array.shape}, but axes=[{names}] names "
                    f"{len(choice.axes)}; name each axis once"
                )
            array = replace(array, axes=tuple(map(_canonical, choice.axes)))
        if twice := [axis for axis in array.axes if axis and array.axes.count(axis) > 1]:
            raise InputError(
                f"{content.path}: '{name}' has two axes that mean {twice[0]}; select one entry of "
                "one of them first"
            )
        if "" in array.axes:
            shape = ", ".join(map(str, array.shape))
            raise InputError(
                f"{content.path}: the axes of '{name}' ({shape}) have no names; give data.axes, "
                f"such as [{', '.join(_guess(array))}]"
            )
        if 0 in array.shape:
            raise InputError(
                f"{content.path}: '{name}' has shape {array.shape}, it is empty; write the file "
                "again"
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
                raise InputError(
                    f"{path}: axis {axis} has {known} entries in '{other}' and {n} in "
                    f"'{array.name}'; they must agree"
                )
    return {axis: n for axis, (n, _) in sizes.items()}


def _canonical(axis: str) -> str:
    """Return latitude and longitude for their short names; ``t`` may be an axis of the grid, so
    other names stay.
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
    """Return what tells the channels of one array apart, in their order."""
    sizes = array.sizes()
    levels = (
        [f"{float(v):g}" for v in np.sort(content.lines["level"].values)]
        if "level" in content.lines
        else None
    )
    if "level" in sizes:
        return levels or [str(i) for i in range(sizes["level"])]
    if "channel" not in sizes:
        return [""]
    return list(array.labels) or (
        [""] if sizes["channel"] == 1 else [str(i) for i in range(sizes["channel"])]
    )
