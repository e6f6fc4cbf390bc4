"""The arrays of a file that a task takes, with a name for every axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neurop.errors import InputError, nearest
from neurop.fields.condition import Role
from neurop.fields.standard_names import GRID, canonical
from neurop.formats.axes import GLOBE
from neurop.formats.content import LEADING, Array, FileContent


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
    conditions
        Roles of the arrays that go in and are not predicted; None for those of the format.
    """

    input: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    boundary: str | Mapping[str, str] | None = None
    length: float | Mapping[str, float] | None = None
    layout: str | Mapping[str, str] | None = None
    step: float | None = None
    conditions: Mapping[str, Role] | None = None

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


def names_of(content: FileContent, options: ReadOptions) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of the input and the target arrays, by the user or else by the format."""
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


def choose_arrays(content: FileContent, options: ReadOptions) -> list[Array]:
    """Return the input and target arrays, with a name for every axis.

    Raises
    ------
    InputError
        If one is missing, empty, not of real numbers, or has axes without names.
    """
    inputs, targets = names_of(content, options)
    known = content.names()
    if not inputs:
        raise InputError.in_file(
            content.path,
            f"{content.format} with {', '.join(known[:8]) or 'no array'} defines "
            "no learning task; give input, and target for a map",
        )
    if both := [name for name in inputs if name in targets]:
        raise InputError.of("target", both[0], "is the input too; name another array")
    found = []
    for name in (*inputs, *targets):
        if name not in known:
            raise InputError(
                f"{content.path}: no array '{name}'; {nearest(name, known)}",
                "input" if name in inputs else "target",
                name,
            )
        array = content.array(name)
        if array.problem:
            raise InputError.in_file(content.path, f"'{name}' {array.problem}")
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
            array = replace(array, axes=tuple(map(canonical_axis, options.axes)))
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
                f"as [{', '.join(axes_like(array))}]",
            )
        _known_axes(array, content, options)
        if 0 in array.shape:
            raise InputError.in_file(
                content.path, f"'{name}' has shape {array.shape}, it is empty; write the file again"
            )
        found.append(array)
    return found


def _known_axes(array: Array, content: FileContent, options: ReadOptions) -> None:
    """Raise InputError for an axis that may be one of samples, and not of the grid."""
    by_axis = [
        o for o in (options.boundary, options.length, options.layout) if isinstance(o, Mapping)
    ]
    said = {*content.boundary, *content.layout, *(str(name) for given in by_axis for name in given)}
    for axis in array.axes:
        known = axis in LEADING or axis in content.coordinates or axis in said
        if axis and not known and axis.lower() not in GRID and axis not in content.irregular:
            raise InputError.of(
                "axes",
                list(array.axes),
                f"{axis} of '{array.name}' in {content.path} has no coordinate; is it the sample "
                "axis? name it so, axes=[sample, ...], or, for an axis of the grid, give "
                f"boundary={{{axis}: ...}}",
            )


def axes_like(array: Array) -> list[str]:
    """Return names for the axes of an array, the usual ones where it has none."""
    rank = len(array.shape)
    usual = ["sample", "time", *"xyz"][:rank] if rank > 2 else ["sample", "x"][:rank]
    free = (axis for axis in [*usual, *"xyz"] if axis not in array.axes)
    return [axis or next(free, "x") for axis in array.axes]


def sizes_of(arrays: Sequence[Array], path: str) -> dict[str, int]:
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


def canonical_axis(axis: str) -> str:
    """Return the standard name of an axis of the globe, of samples or of members.

    Other names, such as ``t`` or ``depth``, may be axes of the grid, and are unchanged.
    """
    return canonical(axis) if canonical(axis) in (*GLOBE, "sample", "member", "level") else axis
