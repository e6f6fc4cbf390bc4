"""Whether files follow each other in time, and the times of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times, in_seconds
from neurop.formats.conventions.calendars import months_of, shifted


def in_time(sets: Sequence[FieldSet]) -> tuple[list[FieldSet], Times] | None:
    """Return the sets in the order of their times, and all times; None for sets of samples.

    Dates, and numbers counted from a date of one calendar, are times of one record unless all files
    have the same ones: those are samples.

    Raises
    ------
    InputError
        If the times do not follow each other in one constant step.
    """
    lines = [_absolute(one, sets[0]) for one in sets]
    known = [line for line in lines if line is not None]
    if len(known) < len(lines) or all(np.array_equal(known[0], line) for line in known[1:]):
        return None
    if all(line[0] == known[0][0] for line in known[1:]):
        return None  # records that begin together are samples, of whatever lengths
    order = sorted(range(len(sets)), key=lambda i: known[i][0])
    times = np.concatenate([known[i] for i in order])
    unit = sets[0].time_unit
    steps = np.diff(times)
    slack = 1e-3 * abs(steps[0]) if times.dtype.kind == "f" else abs(steps[0]) // 1000
    if (wrong := np.flatnonzero(np.abs(steps - steps[0]) > slack)).size or not steps[0]:
        if times.dtype.kind == "M" and (months := months_of(times)) is not None:
            return [sets[i] for i in order], Times(months.values, months.unit)
        at = int(wrong[0]) + 1 if wrong.size else 1
        shown = [
            f"{t:.16}" if times.dtype.kind == "M" else f"{t:g} {unit}" for t in times[at - 1 :][:2]
        ]
        raise InputError(
            f"{sets[order[0]].source} and others: the frame after {shown[0]} is {shown[1]}; need "
            "one constant step",
            "path",
            sets[order[0]].source,
        )
    return [sets[i] for i in order], Times(times, unit)


def _absolute(one: FieldSet, first: FieldSet) -> NDArray[Any] | None:
    """Return the times of a set on the axis of the first; None if they have no date."""
    if one.times is None or first.times is None or one.times.dated != first.times.dated:
        return None
    if one.times.dated:
        return one.times.values
    origin, to = (str(s.attributes.get("time_origin", "")) for s in (one, first))
    if not origin or not to or one.time_unit != first.time_unit:
        return None
    return shifted(one.times.values, one.time_unit, origin, to)


def same_step(one: FieldSet, other: FieldSet) -> bool:
    """Return whether the time steps of two sets are equal, to the rounding of their times.

    A set of one frame has any step.
    """
    steps = [None if s.step is None else in_seconds(s.step, s.time_unit) for s in (one, other)]
    if None in steps:
        return True
    (a, unit), (b, also) = [step for step in steps if step is not None]
    return unit == also and bool(np.isclose(a, b, rtol=1e-3, atol=0))
