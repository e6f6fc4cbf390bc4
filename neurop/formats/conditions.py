"""The parameters, static fields and forcings of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from neurop.errors import InputError, nearest
from neurop.fields.condition import Condition, Role
from neurop.fields.field import Field
from neurop.formats.axes import Order
from neurop.formats.choose import canonical_axis
from neurop.formats.content import Array, FileContent
from neurop.formats.stack import stack_arrays

KEYS: dict[Role, str] = {"parameter": "parameters", "static": "static", "forcing": "forcings"}
"""Argument of :class:`ConditionNames` of each role."""
NOUNS: dict[Role, str] = {"parameter": "parameter", "static": "static field", "forcing": "forcing"}


@dataclass(frozen=True)
class ConditionNames:
    """Names of the arrays of a file that go in and are not predicted, by their roles.

    Parameters
    ----------
    parameters
        Numbers, one per sample.
    static
        Fields that do not vary in time, one for all samples or one per sample.
    forcings
        Numbers or fields per frame, known ahead.

    Examples
    --------
    >>> ConditionNames(parameters=["viscosity"], static="orography").roles()
    {'viscosity': 'parameter', 'orography': 'static'}
    """

    parameters: str | Sequence[str] = ()
    static: str | Sequence[str] = ()
    forcings: str | Sequence[str] = ()

    def roles(self) -> dict[str, Role]:
        """Return the role of each array."""
        kinds: tuple[tuple[Role, str | Sequence[str]], ...] = (
            ("parameter", self.parameters),
            ("static", self.static),
            ("forcing", self.forcings),
        )
        listed = [
            (name, role)
            for role, names in kinds
            for name in ([names] if isinstance(names, str) else names)
        ]
        if len(dict(listed)) < len(listed):
            names = [name for name, _ in listed]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError.of("conditions", twice, "is named for two roles; give it one")
        return dict(listed)


def role_of(array: Array) -> Role:
    """Return the role that the axes of an array imply."""
    if "time" in array.axes:
        return "forcing"
    return "parameter" if set(array.axes) <= {"sample"} else "static"


def read_conditions(
    content: FileContent,
    roles: Mapping[str, Role],
    sizes: Mapping[str, int],
    orders: Mapping[str, Order],
    time: Order,
) -> tuple[Condition, ...]:
    """Return the conditions of a file.

    Parameters
    ----------
    content
        Content of the file.
    roles
        Role of each of its arrays that is one.
    sizes
        Samples, frames and points of the stored fields by the names of their axes, the grid's last.
    orders, time
        Order of the points of each axis that must be sorted, and of the frames.

    Raises
    ------
    InputError
        If an array is missing, or its axes are not those of its role.
    """
    made = []
    for name, role in roles.items():
        if name not in content.names():
            remedy = f"no such array in {content.path}; {nearest(name, content.names())}"
            raise InputError.of(KEYS[role], name, remedy)
        array = _named(content.array(name), role, sizes, content.path)
        made.append(_condition(array, content, role, sizes, orders, time))
    return tuple(made)


def _named(array: Array, role: Role, sizes: Mapping[str, int], path: str) -> Array:
    """Return an array with the names of its axes, found by their sizes where it has none."""
    grid = tuple(axis for axis in sizes if axis not in ("sample", "time"))
    frames: tuple[Literal["time"], ...] = ("time",) if role == "forcing" else ()
    space = ((),) if role == "parameter" else (grid,) if role == "static" else ((), grid)
    allowed = [(*s, *frames, *g) for s, g in product((("sample",), ()), space)]
    axes = tuple(map(canonical_axis, array.axes))
    if "" in axes:
        shapes = {n: tuple(sizes.get(a, 1) for a in n) for n in allowed}
        axes = next((n for n, shape in shapes.items() if shape == array.shape), ("",))
    # An array may lack axes of the grid along which it does not vary.
    fits = any(set(frames) <= set(axes) <= set(names) for names in allowed)
    if not fits or any(sizes.get(a, 1) != n for a, n in zip(axes, array.shape, strict=True)):
        known = [
            f"({', '.join(f'{a}: {sizes.get(a, 1)}' for a in names)})" for names in allowed if names
        ]
        raise InputError(
            f"{path}: '{array.name}' has shape {array.shape}; a {NOUNS[role]} has the axes "
            f"{' or '.join(known)}",
            KEYS[role],
            array.name,
        )
    return replace(array, axes=axes)


def _condition(
    array: Array,
    content: FileContent,
    role: Role,
    sizes: Mapping[str, int],
    orders: Mapping[str, Order],
    time: Order,
) -> Condition:
    grid = [axis for axis in sizes if axis not in ("sample", "time")]
    whole = any(axis in array.axes for axis in grid)
    counts = [sizes.get(a, 1) if a in array.axes else 1 for a in ("sample", "time")]
    points = [sizes[axis] if whole else 1 for axis in grid]
    values = stack_arrays(
        [array],
        content,
        1,
        grid,
        (counts[0], counts[1], *points),
        orders if whole else {},
        time if role == "forcing" else time[:1] * 0,
    )
    field = Field(array.name.replace("/", "_"), array.unit or "1", array.long_name)
    return Condition(field, role, values)
