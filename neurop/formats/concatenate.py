"""Concatenate the fields of several files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.same_units import like
from neurop.fields.times import Times
from neurop.formats.assemble import stays_lazy
from neurop.formats.join_times import in_time, same_step
from neurop.formats.pad_frames import of_one_length
from neurop.geometry.axis import Axis

# Attributes of a file that are no parameters of its fields.
_COUNTERS = re.compile(r"seed|version|date|created|index|members|(^|_)(id|run|number)$")


def concatenate(sets: Sequence[FieldSet], lazy: bool | None = None) -> FieldSet:
    """Concatenate sets of the same fields on the same grid: dated sets in time, others by sample.

    Samples may have different numbers of frames. Values are converted to the units of the first.
    Numbers among the attributes that differ between sets of samples, such as a viscosity, become
    parameters.

    Parameters
    ----------
    sets
        Sets of fields, at least one, with lazy values.
    lazy
        Whether the values stay in the files; by default if they would take more than a quarter of
        the memory.

    Raises
    ------
    InputError
        If fields, units, grid, size, members or time step differ, the dates do not follow each
        other, or a value is not finite.
    """
    first, *others = sets = _with_constants(sets)
    for other in others:
        check_alike(first, other)
    made = first
    if others:
        ordered = in_time(sets)
        axis = 0 if ordered is None else 1
        sets, times = ordered or (sets, first.times)
        if axis == 1:
            for other in sets:
                _same_samples(sets[0], other)
        else:
            sets = of_one_length(sets)
        sets = [like(first, one) for one in sets]
        targets = None if first.targets is None else _side_by_side([s.targets for s in sets], axis)
        parameters = differing(sets) if axis == 0 else ()
        made = replace(
            first,
            values=_side_by_side([s.values for s in sets], axis),
            targets=targets,
            times=times if axis else _times(sets),
            conditions=(*_conditions(sets, axis), *parameters),
            attributes=_common(sets),
        )
    return made if stays_lazy(made, lazy) else made.loaded().check_finite()


def differing(sets: Sequence[FieldSet]) -> tuple[Condition, ...]:
    """Return numbers among the attributes that differ between sets, as parameters per sample.

    Seeds, dates and counters describe a file, not its fields.

    Raises
    ------
    InputError
        If some of the sets lack one of them.
    """
    known = {c.field.name for c in sets[0].conditions} | {f.name for f in sets[0].fields}
    names = dict.fromkeys(name for s in sets for name in s.attributes)
    made = []
    for name in names:
        found = [s.attributes.get(name) for s in sets]
        numbers = [v for v in found if isinstance(v, int | float) and not isinstance(v, bool)]
        if not numbers or len(set(numbers)) == 1 or name in known or _COUNTERS.search(name.lower()):
            continue
        if len(numbers) < len(sets):
            lacks = next(
                s for s, v in zip(sets, found, strict=True) if v is None or isinstance(v, str)
            )
            raise InputError(
                f"{lacks.source} has no number '{name}', which differs between the other files; "
                "write this attribute into it",
                "path",
                lacks.source,
            )
        values = np.repeat(np.array(numbers, np.float64), [len(s) for s in sets])
        shape = (-1, *(1,) * (sets[0].values.ndim - 1))
        made.append(Condition(Field(name.replace("/", "_")), "parameter", values.reshape(shape)))
    return tuple(made)


def _with_constants(sets: Sequence[FieldSet]) -> list[FieldSet]:
    """Return the sets with a parameter that varies in some of them as a condition of all."""
    known = {c.field.name: c for s in sets for c in s.conditions if c.role == "parameter"}
    made = []
    for one in sets:
        own = {c.field.name for c in one.conditions}
        shape = (1,) * one.values.ndim
        added = [
            replace(c, values=np.full(shape, one.attributes[name], np.float64))
            for name, c in known.items()
            if name not in own and isinstance(one.attributes.get(name), int | float)
        ]
        made.append(replace(one, conditions=(*one.conditions, *added)))
    return made


def _common(sets: Sequence[FieldSet]) -> dict[str, Any]:
    """Return the attributes that all sets share; times count from the origin of the first."""
    first = sets[0].attributes
    shared = {k: v for k, v in first.items() if all(s.attributes.get(k) == v for s in sets)}
    return shared | {k: first[k] for k in ("time_origin",) if k in first}


def _conditions(sets: Sequence[FieldSet], axis: int) -> tuple[Condition, ...]:
    """Return the conditions of all files, one after the other."""
    made = []
    for parts in zip(*(s.conditions for s in sets), strict=True):
        same = all(np.array_equal(parts[0].values, part.values) for part in parts[1:])
        if same and parts[0].values.shape[axis] == 1:
            made.append(parts[0])
            continue
        if axis == 1 and parts[0].role != "forcing":
            name, source = parts[0].field.name, sets[-1].source
            raise InputError(
                f"{source} has other values of the {parts[0].role} '{name}' than files of other "
                "times; it must be the same in all",
                "path",
                source,
            )
        arrays = [np.asarray(part.values) for part in parts]
        if axis == 0:
            counts = [len(s) for s in sets]
            arrays = [np.broadcast_to(a, (n, *a.shape[1:])) for a, n in zip(arrays, counts)]
        made.append(replace(parts[0], values=np.concatenate(arrays, axis)))
    return tuple(made)


def _names(fields: FieldSet) -> list[str]:
    return sorted(f"{one.role} {one.field.name}" for one in fields.conditions)


def check_alike(first: FieldSet, other: FieldSet) -> None:
    """Raise InputError unless two sets have the same fields, conditions, grid and time step."""
    members = [s.attributes.get("members", 1) for s in (first, other)]
    for what, one, two in (
        ("fields", sorted(f.name for f in first.fields), sorted(f.name for f in other.fields)),
        ("conditions", _names(first), _names(other)),
        (
            "targets",
            sorted(f.name for f in first.target_fields),
            sorted(f.name for f in other.target_fields),
        ),
        ("points", first.shape, other.shape),
        ("axes", first.grid.names, other.grid.names),
        *(
            (f"axis {a.name}", _shown(a), _shown(b))
            for a, b in zip(first.grid.axes, other.grid.axes, strict=False)
        ),
        ("members", *members),
    ):
        if one != two:
            _refuse(first, other, what, one, two, "give files of one kind")
    if not same_step(first, other):
        one, two = (f"{s.step} {s.time_unit}".removesuffix(" 1") for s in (first, other))
        _refuse(first, other, "time step", one, two, "give files of one kind")


def _same_samples(first: FieldSet, other: FieldSet) -> None:
    one, two = (f"{len(s)} samples" for s in (first, other))
    if one != two:
        _refuse(first, other, "samples", one, two, "give files of the same samples")


def _times(sets: Sequence[FieldSet]) -> Times | None:
    """Return the times of sets of samples, with the length of each if some are shorter."""
    times = sets[0].times
    if times is None or all(s.times is None or s.times.lengths is None for s in sets):
        return times
    lengths = tuple(s.length(sample) for s in sets for sample in range(len(s)))
    return replace(times, lengths=lengths)


def _refuse(first: FieldSet, other: FieldSet, what: str, one: Any, two: Any, remedy: str) -> None:
    shown = "" if str(two).endswith(what) else f"{what} "
    raise InputError(
        f"{other.source} has {shown}{two}, {first.source} has {one}; {remedy}", "path", other.source
    )


def _shown(axis: Axis) -> str:
    return f"{axis.boundary} from {axis.start:g} over {axis.length:g} {axis.unit} ({axis.layout})"


def _side_by_side(arrays: Sequence[Any], axis: int) -> Lazy:
    starts = tuple(int(n) for n in np.cumsum([0, *(a.shape[axis] for a in arrays)]))
    shape = list(arrays[0].shape)
    shape[axis] = starts[-1]
    block = arrays[0].block
    return Lazy(
        _Several(tuple(arrays), starts, axis),
        tuple(shape),
        block,
        " + ".join(a.key for a in arrays),
    )


@dataclass(frozen=True)
class _Several:
    """Reader of blocks of arrays that are concatenated along samples (0) or frames (1)."""

    arrays: tuple[Any, ...]
    starts: tuple[int, ...]
    axis: int

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        along = (samples, frames)[self.axis]
        parts = []
        for array, start in zip(self.arrays, self.starts, strict=False):
            first, last = (
                max(along.start - start, 0),
                min(along.stop - start, array.shape[self.axis]),
            )
            if first < last:
                where = (
                    (slice(first, last), frames)
                    if self.axis == 0
                    else (samples, slice(first, last))
                )
                parts.append(np.asarray(array[where]))
        return np.concatenate(parts, axis=self.axis)
