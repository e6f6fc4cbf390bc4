"""Check that the parts of a set of fields fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurop.errors import InputError
from neurop.fields.condition import Condition

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet


def check_set(data: FieldSet) -> None:
    """Raise InputError unless the arrays of a set fit its grid, fields, times and samples."""
    rank = 3 + data.grid.dimensions
    for name, values, fields in (
        ("values", data.values, data.fields),
        ("targets", data.targets, data.target_fields),
    ):
        if values is None:
            continue
        if values.ndim != rank:
            raise InputError(
                f"{data.label}: {name} have shape {values.shape}; need (sample, time, "
                f"channel, {', '.join(data.grid.names)})",
                name,
                values.shape,
            )
        if values.shape[2] != len(fields):
            raise InputError(
                f"{data.label}: {name} have {values.shape[2]} channels but {len(fields)} "
                "fields are named",
                name,
                values.shape[2],
            )
        names = [f.name for f in (*fields, *(c.field for c in data.conditions))]
        if twice := [n for n in names if names.count(n) > 1]:
            raise InputError(
                f"{data.label}: two fields are named {twice[0]}; rename one", "fields", twice[0]
            )
    if data.times is not None and len(data.times) != data.values.shape[1]:
        raise InputError(
            f"{data.label}: {len(data.times)} times for {data.values.shape[1]} frames",
            "times",
            len(data.times),
        )
    if data.fields and len(data.diagnostics) == len(data.fields):
        remedy = f"{data.label} has no field of the state next to them; give one"
        raise InputError.of("diagnostics", data.diagnostics, remedy)
    for one in data.conditions:
        _check_condition(data, one)
    if len(masks := [c.field.name for c in data.conditions if c.role == "mask"]) > 1:
        raise InputError.of("mask", masks, f"{data.label} has one mask at most; join them")
    lengths = None if data.times is None else data.times.lengths
    if lengths is not None:
        frames = data.values.shape[1]
        if len(lengths) != len(data) or not all(0 <= n <= frames for n in lengths):
            remedy = f"{data.label}: give 0 to {frames} frames for each of {len(data)} samples"
            raise InputError.of("lengths", lengths, remedy)


def _check_condition(data: FieldSet, one: Condition) -> None:
    """Raise InputError unless a condition has the samples, frames and grid of the set."""
    name, found = one.field.name, tuple(one.values.shape)
    frames = data.values.shape[1] if one.role == "forcing" else 1
    flat = (1,) * data.grid.dimensions
    allowed = {(n, frames, 1, *grid) for n in (1, len(data)) for grid in (data.shape, flat)}
    if found not in allowed:
        shapes = " or ".join(map(str, sorted(allowed)))
        raise InputError(f"{data.label}: {name} has shape {found}; need {shapes}", name, found)
