"""Parameters, static fields and forcings of labelled data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.computed.computed import recomputed
from neurop.fields.condition import Condition, channels_at, domain_of
from neurop.fields.condition_range import LABELLED, ConditionRange, check_conditions
from neurop.fields.fieldset import FieldSet
from neurop.fields.lead_times import NAME
from neurop.fields.mask import fill_conditions, mask_missing
from neurop.fields.times import Times
from neurop.problems import LeadTimes

if TYPE_CHECKING:
    from neurop.card import Card


def conditions_of(
    card: Card,
    data: xr.Dataset,
    forcing: xr.Dataset | None,
    times: Times | None,
    frames: FieldSet,
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
    times
        Times of the steps.
    frames
        Input fields of `data`.

    Raises
    ------
    InputError
        If one is missing, in another unit, has dimensions that its role does not have, or a forcing
        is not known at a step.
    """
    if forcing is not None and "time" in forcing.coords and "time" in data.coords and times:
        forcing = _at_steps(forcing, data["time"].values.ravel()[-1], times)
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
    made += _computed(card, data, times)
    numbers = {str(key): value for key, value in data.attrs.items()}
    if isinstance(card.problem, LeadTimes):
        numbers.setdefault(NAME, lead_time_of(card, data))
    chosen = check_conditions(card.conditions, made, LABELLED, card.grid.dimensions, numbers)
    inside = domain_of(chosen, frames.shape)
    if inside is not None:
        chosen = fill_conditions(chosen, inside)
    for one in chosen:
        if not np.isfinite(np.asarray(one.values)).all():
            raise InputError(f"'{one.field.name}' has values that are not finite", one.field.name)
    return chosen


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
    given = np.unique(np.asarray(data[NAME] if NAME in data else data.attrs.get(NAME, [])))
    if given.size > 1:
        raise InputError.of(NAME, given.tolist(), "give one for all samples")
    return float(given[0]) if given.size else card.problem.leads[0] * (step or 1.0)


def given_channels(
    conditions: Sequence[Condition], samples: int, steps: int, shape: Sequence[int], like: Tensor
) -> Tensor | None:
    """Return the conditions of every sample, ``(sample, steps, channel, *grid)``; None without any.

    Raises
    ------
    InputError
        If the number of samples differs, or a forcing ends before the last step.
    """
    if not conditions:
        return None
    for one in conditions:
        if len(one.values) not in (1, samples):
            raise InputError.of(
                one.field.name, len(one.values), f"samples; the data have {samples}"
            )
        if max(points := one.values.shape[3:]) > 1 and points != tuple(shape):
            raise InputError.of(one.field.name, points, f"points; the data have {tuple(shape)}")
    rows = [channels_at(conditions, sample, 0, steps, shape) for sample in range(samples)]
    return torch.from_numpy(np.stack(rows)).to(like)


def _at_steps(forcing: xr.Dataset, last: Any, times: Times) -> xr.Dataset:
    """Return a forcing at the last given frame and at the steps, up to its own end."""
    known = np.atleast_1d(forcing["time"].values)
    wanted = np.concatenate([np.atleast_1d(last), times.values])
    if known.dtype.kind != wanted.dtype.kind and "M" in (known.dtype.kind, wanted.dtype.kind):
        remedy = "the times of one are dates, those of the other numbers; convert one of them"
        raise InputError("forcing and data: " + remedy, "forcing", str(known[0]))
    slack = abs(wanted[1] - wanted[0]) * 1e-3
    apart = np.abs(known[None, :] - wanted[:, None])
    missing = np.flatnonzero(~(apart <= slack).any(1) & (wanted <= known.max()))
    if missing.size:
        time = wanted[missing[0]]
        raise InputError(
            f"the forcing has no time {time}; give it at every step", "forcing", str(time)
        )
    return forcing.isel(time=apart[wanted <= known.max() + slack].argmin(1))


def _computed(card: Card, data: xr.Dataset, times: Times | None) -> tuple[Condition, ...]:
    """Return the computed conditions at the last given frame and at the steps."""
    shape = [data.sizes[name] for name in card.grid.names if name in data.sizes]
    dates = None
    if times is not None and "time" in data.coords:
        last = data["time"].values.ravel()[-1:]
        if last.dtype.kind == times.values.dtype.kind:
            dates = Times(np.concatenate([last, times.values]), times.unit)
    specs = [known.computed for known in card.conditions]
    return recomputed(specs, dates, card.grid, shape, LABELLED)


def _is_forcing(known: ConditionRange) -> bool:
    return known.role == "forcing"


def _condition(known: ConditionRange, found: xr.DataArray, axes: Sequence[str]) -> Condition:
    dims = ("sample", "time", *axes)
    if (unit := found.attrs.get("units", known.unit)) != known.unit:
        raise InputError(
            f"'{known.name}' is in '{unit}', the surrogate works in '{known.unit}'; convert it",
            known.name,
            unit,
        )
    if not _is_forcing(known) and "time" in found.dims:
        found = found.isel(time=-1)
    if extra := [str(d) for d in found.dims if d not in dims]:
        raise InputError(
            f"'{known.name}' has a dimension '{extra[0]}'; only {', '.join(dims)} have a meaning",
            known.name,
            extra[0],
        )
    values = found.expand_dims([d for d in dims if d not in found.dims]).transpose(*dims).values
    return Condition(known.field, known.role, np.expand_dims(values, 2))
