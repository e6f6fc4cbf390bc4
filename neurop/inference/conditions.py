"""Parameters, static fields and forcings of labelled data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from neurop.errors import InputError
from neurop.fields.clock import Clock
from neurop.fields.computed.computed import recomputed
from neurop.fields.condition import Condition, domain_of
from neurop.fields.condition_range import LABELLED, ConditionRange, check_conditions
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.labelled import check_axis, in_unit
from neurop.fields.lazy import blocks
from neurop.fields.lead_times import NAME
from neurop.fields.mask import fill_conditions, mask_missing
from neurop.fields.units import converted
from neurop.problems import LeadTimes

if TYPE_CHECKING:
    from neurop.card import Card

CHECKED = 1500
"""Largest number of steps over which computed forcings are compared with their training range."""


def conditions_of(
    card: Card,
    data: xr.Dataset,
    forcing: xr.Dataset | None,
    clock: Clock | None,
    frames: FieldSet,
    steps: int = 1,
) -> tuple[Condition, ...]:
    """Return the conditions of a surrogate from labelled data, in its order.

    Parameters
    ----------
    card
        Card of the surrogate.
    data
        Dataset with its parameters, static fields and mask. A mask that it lacks is that of its
        missing values, if there are some.
    forcing
        Dataset with its forcings. Where both have times, those of the last given frame and of the
        steps are taken; otherwise it begins at the last given frame.
    clock
        Times of the steps.
    frames
        Input fields of `data`.
    steps
        Number of steps over which computed forcings are compared with their range in training.

    Raises
    ------
    InputError
        If one is missing, in another unit, has dimensions that its role does not have, or a forcing
        is not known at a step.
    """
    if forcing is not None:
        for axis in card.grid.axes:
            if axis.name in forcing.coords and forcing[axis.name].ndim:
                check_axis(axis, forcing[axis.name].values)
        if "time" in forcing.coords and "time" in data.coords and clock:
            forcing = _at_steps(forcing, clock)
    if NAME in data:
        data = data.assign({NAME: _lead_time(card, data)})
    made = []
    for known in card.conditions:
        if known.computed:
            continue
        where = (forcing if forcing is not None else xr.Dataset()) if _is_forcing(known) else data
        if known.name in where:
            made.append(_condition(known, where[known.name], card.grid.names))
        elif known.role == "mask" and known.name.removeprefix("1-") in where:
            made.append(_condition(known, 1 - where[known.name[2:]], card.grid.names))
        elif known.role == "mask" and np.isnan(frames.values).any():
            made.append(mask_missing(frames, known.name).conditions[-1])
    made += computed_at(card, frames.shape, clock, 0, min(steps, CHECKED) + 1)
    numbers = {str(key): value for key, value in data.attrs.items()}
    if isinstance(card.problem, LeadTimes):
        numbers.setdefault(NAME, lead_time_of(card, data))
    chosen = check_conditions(card.conditions, made, LABELLED, card.grid.dimensions, numbers)
    inside = domain_of(chosen, frames.shape)
    if inside is not None:
        chosen = fill_conditions(chosen, inside)
    for one in chosen:
        if not all(np.isfinite(block).all() for _, _, block in blocks(one.values)):
            raise InputError(f"'{one.field.name}' has values that are not finite", one.field.name)
        if len(one.values) not in (1, len(frames)):
            raise InputError.of(
                one.field.name, len(one.values), f"samples; the data have {len(frames)}"
            )
        if max(points := one.values.shape[3:]) > 1 and points != frames.shape:
            raise InputError.of(one.field.name, points, f"points; the data have {frames.shape}")
    return chosen


def computed_at(
    card: Card, shape: Sequence[int], clock: Clock | None, first: int, count: int
) -> tuple[Condition, ...]:
    """Return the computed conditions at `count` steps from step number `first` on."""
    specs = [known.computed for known in card.conditions]
    dates = None if clock is None else clock.times(first, count)
    return recomputed(specs, dates, card.grid, shape, LABELLED)


def lead_time_of(card: Card, data: xr.Dataset) -> float | None:
    """Return the time step of a prediction, for several lead times the ``lead_time`` of the data.

    By default the shortest of the training.

    Raises
    ------
    InputError
        If the samples have different lead times.
    """
    step = card.sampling.step
    if not isinstance(card.problem, LeadTimes):
        return step
    found = _lead_time(card, data) if NAME in data else data.attrs.get(NAME, [])
    given = np.unique(np.asarray(found))
    if given.size > 1:
        raise InputError.of(NAME, given.tolist(), "give one for all samples")
    return float(given[0]) if given.size else card.problem.leads[0] * (step or 1.0)


def _lead_time(card: Card, data: xr.Dataset) -> xr.DataArray:
    """Return the lead time of labelled data in the unit of the surrogate's time step."""
    given = data[NAME]
    if given.dtype.kind == "m":
        given = (given / np.timedelta64(1, "s")).assign_attrs(units="s")
    return in_unit(given, Field(NAME, card.sampling.unit))


def _at_steps(forcing: xr.Dataset, clock: Clock) -> xr.Dataset:
    """Return a forcing at the last given frame and at the steps, up to its own end."""
    known = np.atleast_1d(forcing["time"].values)
    one = clock.times(0, 2).values
    if known.dtype.kind != one.dtype.kind and "M" in (known.dtype.kind, one.dtype.kind):
        remedy = "the times of one are dates, those of the other numbers; convert one of them"
        raise InputError("forcing and data: " + remedy, "forcing", str(known[0]))
    if known.dtype.kind in "iuf":
        unit = str(forcing["time"].attrs.get("units", clock.unit)).split(" since ")[0]
        scaled = converted(known.astype(np.float64), unit, clock.unit)
        if scaled is None:
            remedy = f"the forcing counts time in '{unit}', the data in '{clock.unit}'; convert one"
            raise InputError(remedy, "forcing", unit)
        known = scaled
    gap = one[1] - one[0]
    # Months are not equally long: enough steps at first, then those up to the end.
    ahead = max(int(1.2 * ((known.max() - one[0]) / gap)) + 2, 0)
    wanted = clock.times(0, ahead + 1).values
    wanted = wanted[: max(int((wanted <= known.max() + abs(gap) * 1e-3).sum()), 1)]
    order = np.argsort(known)
    later = np.searchsorted(known[order], wanted - abs(gap) * 1e-3)
    nearest = order[np.minimum(later, len(known) - 1)]
    missing = np.flatnonzero(np.abs(known[nearest] - wanted) > abs(gap) * 1e-3)
    if missing.size:
        time = wanted[missing[0]]
        raise InputError(
            f"the forcing has no time {time}; give it at every step", "forcing", str(time)
        )
    return forcing.isel(time=nearest)


def _is_forcing(known: ConditionRange) -> bool:
    return known.role == "forcing"


def _condition(known: ConditionRange, found: xr.DataArray, axes: Sequence[str]) -> Condition:
    dims = ("sample", "time", *axes)
    if not _is_forcing(known) and "time" in found.dims:
        found = found.isel(time=-1)
    if extra := [str(d) for d in found.dims if d not in dims]:
        raise InputError(
            f"'{known.name}' has a dimension '{extra[0]}'; only {', '.join(dims)} have a meaning",
            known.name,
            extra[0],
        )
    found = in_unit(found, known.field)
    values = found.expand_dims([d for d in dims if d not in found.dims]).transpose(*dims).values
    return Condition(known.field, known.role, np.expand_dims(values, 2))
