"""Concatenate the fields of several files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times
from neurop.formats.assemble import stays_lazy
from neurop.geometry.axis import Axis


def concatenate(sets: Sequence[FieldSet], lazy: bool | None = None) -> FieldSet:
    """Concatenate sets of the same fields on the same grid: dated sets in time, others by sample.

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
        If fields, grid, size or time step differ, the dates do not follow each other, or a value is
        not finite.
    """
    first, *others = sets
    for other in others:
        _alike(first, other)
    made = first
    if others:
        times = first.times
        dated = times is not None and times.dated
        if dated:
            sets = sorted(sets, key=lambda s: s.times.values[0] if s.times is not None else 0)
            dates = np.concatenate([s.times.values for s in sets if s.times is not None])
            times, steps = Times(dates), np.diff(dates)
            if (wrong := np.flatnonzero(steps != steps[0])).size:
                at = int(wrong[0]) + 1
                raise InputError(
                    f"{sets[0].source} and others: the frame after {dates[at - 1]:.16} is "
                    f"{dates[at]:.16}; need one constant step",
                    "path",
                    sets[0].source,
                )
        axis = 1 if dated else 0
        targets = None if first.targets is None else _side_by_side([s.targets for s in sets], axis)
        made = replace(
            first,
            values=_side_by_side([s.values for s in sets], axis),
            targets=targets,
            times=times,
            conditions=_conditions(sets, axis),
        )
    return made if stays_lazy(made, lazy) else made.loaded().check_finite()


def _conditions(sets: Sequence[FieldSet], axis: int) -> tuple[Condition, ...]:
    """Return the conditions of all files, one after the other."""
    made = []
    for parts in zip(*(s.conditions for s in sets), strict=True):
        same = all(np.array_equal(parts[0].values, part.values) for part in parts[1:])
        if same and parts[0].values.shape[axis] == 1:
            made.append(parts[0])
            continue
        arrays = [np.asarray(part.values) for part in parts]
        if axis == 0:
            counts = [len(s) for s in sets]
            arrays = [np.broadcast_to(a, (n, *a.shape[1:])) for a, n in zip(arrays, counts)]
        made.append(replace(parts[0], values=np.concatenate(arrays, axis)))
    return tuple(made)


def _names(fields: FieldSet) -> list[str]:
    return [f"{one.role} {one.field.name}" for one in fields.conditions]


def _alike(first: FieldSet, other: FieldSet) -> None:
    for what, one, two in (
        ("fields", [f.name for f in first.fields], [f.name for f in other.fields]),
        ("conditions", _names(first), _names(other)),
        ("targets", [f.name for f in first.target_fields], [f.name for f in other.target_fields]),
        ("points", first.shape, other.shape),
        ("axes", first.grid.names, other.grid.names),
        *(
            (f"axis {a.name}", _shown(a), _shown(b))
            for a, b in zip(first.grid.axes, other.grid.axes, strict=False)
        ),
        ("time step", first.step, other.step),
    ):
        if one != two:
            raise InputError(
                f"{other.source} has {what} {two}, {first.source} has {one}; give files of one "
                "kind",
                "path",
                other.source,
            )
    dated = first.times is not None and first.times.dated
    if not dated and first.values.shape[1] != other.values.shape[1]:
        counts = first.values.shape[1], other.values.shape[1]
        raise InputError(
            f"{other.source} has {counts[1]} frames, {first.source} has {counts[0]}; give samples "
            "of one length",
            "path",
            other.source,
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
