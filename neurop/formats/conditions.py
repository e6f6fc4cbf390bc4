"""The parameters, static fields, forcings and mask of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np

from neurop.errors import InputError, nearest
from neurop.fields.condition import Condition, Role
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import fill_outside, mask_missing
from neurop.formats.axes import Order
from neurop.formats.choose import canonical_axis
from neurop.formats.content import Array, FileContent, in_memory
from neurop.formats.members import with_samples
from neurop.formats.stack import stack_arrays

KEYS: dict[Role, str] = {
    "parameter": "parameters",
    "static": "static",
    "forcing": "forcings",
    "mask": "mask",
}
"""Argument of :class:`ConditionNames` of each role."""
_VECTORS = (("", ""), ("sample", ""), ("sample", "channel"))
"""Axes of an array of several parameters per sample."""
NOUNS: dict[Role, str] = {role: role for role in KEYS} | {"static": "static field"}
MISSING = "missing"
"""Value of the mask that leaves out the cells without values."""


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
    mask
        Field without time that is above 0.5 in the cells of the domain; ``1-name`` for one that is
        so outside (land); ``missing`` leaves out the cells where a field has no value; None if the
        domain is the complete grid.
    computed
        Conditions that are no arrays of the file but computed from its dates and its grid: names,
        or mappings of ``name`` and ``arguments``
        (:func:`neurop.fields.computed.computed.computed_conditions`).

    Examples
    --------
    >>> ConditionNames(parameters=["viscosity"], static="orography").roles()
    {'viscosity': 'parameter', 'orography': 'static'}
    """

    parameters: str | Sequence[str] = ()
    static: str | Sequence[str] = ()
    forcings: str | Sequence[str] = ()
    mask: str | None = None
    computed: str | Sequence[str | Mapping[str, Any]] = ()

    def roles(self) -> dict[str, Role]:
        """Return the role of each array."""
        kinds: tuple[tuple[Role, str | Sequence[str]], ...] = (
            ("parameter", self.parameters),
            ("static", self.static),
            ("forcing", self.forcings),
            ("mask", () if self.mask in (None, MISSING) else str(self.mask).removeprefix("1-")),
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

    def masked(self, data: FieldSet) -> FieldSet:
        """Return the fields of a file with values outside the mask filled.

        Raises
        ------
        InputError
            If the mask leaves no cell inside, or ``missing`` finds none or other cells in time.
        """
        if self.mask == MISSING:
            return mask_missing(data)
        if self.mask and self.mask.startswith("1-"):
            data = replace(data, conditions=tuple(map(inverted, data.conditions)))
        return fill_outside(data)


def inverted(one: Condition) -> Condition:
    """Return the inverse of a mask, under the name ``1-name``; another condition unchanged."""
    if one.role != "mask":
        return one
    field = replace(one.field, name=f"1-{one.field.name}")
    return replace(one, field=field, values=1 - np.asarray(one.values))


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
    samples: tuple[int, int],
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
    samples
        Samples in the file, and members of each.

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
        if problem := content.array(name).problem:
            raise InputError.in_file(content.path, f"'{name}' {problem}")
        counts = dict(zip(("sample", "member"), samples, strict=True))
        array = _named(content.array(name), role, counts | {**sizes, **counts}, content.path)
        array = with_samples(array, *samples)
        for one in _columns(array):
            made.append(_condition(one, content, role, sizes, orders, time))
    return tuple(made)


def _named(array: Array, role: Role, sizes: Mapping[str, int], path: str) -> Array:
    """Return an array with the names of its axes, found by their sizes where it has none."""
    grid = tuple(axis for axis in sizes if axis not in ("sample", "member", "time"))
    several = role == "parameter" and len(array.shape) == 2 and array.axes in _VECTORS
    per_member = sizes["member"] > 1 and array.shape[-1:] == (sizes["member"],)
    if several and not per_member and array.shape[0] == sizes["sample"]:
        return replace(array, axes=("sample", "channel"))
    frames: tuple[Literal["time"], ...] = ("time",) if role == "forcing" else ()
    space = ((),) if role == "parameter" else ((), grid) if role == "forcing" else (grid,)
    whose: list[tuple[str, ...]] = [("sample",), ()]
    if sizes["member"] > 1:
        whose = [("sample", "member"), ("member",), *whose]
    allowed = [(*s, *frames, *g) for s, g in product(whose, space)]
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


def _columns(array: Array) -> list[Array]:
    """Return the columns of an array of several parameters per sample, else the array."""
    if "channel" not in array.axes:
        return [array]
    values = array.values()
    names = array.labels or [f"{array.name}{i}" for i in range(values.shape[1])]
    about = {"unit": array.unit, "long_name": array.long_name}
    return [in_memory(n, ("sample",), values[:, i], **about) for i, n in enumerate(names)]


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
    field = Field(array.name.replace("/", "_"), array.unit, array.long_name)
    if role != "mask":
        return Condition(field, role, values)
    return Condition(field, role, (np.asarray(values) > 0.5).astype(np.float32))
