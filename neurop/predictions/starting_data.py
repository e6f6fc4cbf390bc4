"""The labelled data that a prediction starts from, out of files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from neurop.card import Card
from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.fieldset import FieldSet
from neurop.fields.lead_times import NAME
from neurop.fields.times import Times
from neurop.predictions.inputs import Inputs
from neurop.problems import LeadTimes


def starting_data(
    inputs: Inputs,
    card: Card,
    start: int | None = None,
    samples: int | None = None,
    lead: int | None = None,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the last input frames of every sample, and the forcings from then on.

    Parameters
    ----------
    inputs
        Fields and conditions of files.
    card
        Description of the surrogate.
    start
        Index of the first input frame; by default the last frames of every sample are taken.
    samples
        Number of samples, the first ones; by default all.
    lead
        Lead time in frames of a surrogate of several; by default the shortest.

    Returns
    -------
    data
        Input fields, parameters, static fields and mask. Times are those of the frames; where the
        samples end at different times there are none, and ``forecast_reference_time`` is the time
        of the last frame of each sample.
    forcing
        Forcings of the files, from the last input frame on; empty without any.

    Raises
    ------
    InputError
        If there are too few frames or samples.
    """
    data = inputs.data.samples(slice(samples))
    if samples is not None and samples > len(inputs.data):
        raise InputError.of("samples", samples, f"{data.label} has {len(inputs.data)}")
    apart = frames_apart(card, lead)
    reach = apart * (card.history - 1)
    lasts = np.array([data.length(i) - 1 for i in range(len(data))])
    shortest = int(lasts.min()) + 1
    if shortest < reach + 1:
        remedy = f"frames in {data.label}; the surrogate needs {reach + 1}"
        raise InputError.of("frames", shortest, remedy)
    if start is not None:
        if not 0 <= start < shortest - reach:
            remedy = f"{shortest} frames allow 0 to {shortest - reach - 1}"
            raise InputError.of("start", start, remedy)
        lasts[:] = start + reach
    together = bool((lasts == lasts[0]).all())
    frames = [np.asarray(data.values[i, k - reach : k + 1 : apart]) for i, k in enumerate(lasts)]
    times = None if data.times is None or not together else data.times[lasts[0] - reach :]
    part = FieldSet(
        np.stack(frames),
        data.fields,
        data.grid,
        times=None if times is None else replace(times[: reach + 1 : apart], lengths=None),
        conditions=tuple(c.loaded() for c in data.conditions if c.role != "forcing"),
        source=data.source,
        attributes=data.attributes,
    )
    made = _placed(part.to_xarray(), inputs, card)
    if not together and data.times is not None and "time" in inputs.located:
        ends = data.times.values[lasts]
        about = {"standard_name": "forecast_reference_time"}
        about |= {} if data.times.dated else {"units": _unit(data)}
        made = made.assign_coords(forecast_reference_time=("sample", ends, about))
    if "time" in made.coords and times is not None and not times.dated:
        made["time"].attrs |= _calendar(data)
    if isinstance(card.problem, LeadTimes):
        made = made.assign_attrs({NAME: apart * (card.sampling.step or 1.0)})
    return made, _forcings(data, lasts, apart, inputs, card)


def frames_apart(card: Card, lead: int | None) -> int:
    """Return the frames of the data between two steps of a surrogate.

    Raises
    ------
    InputError
        If a lead time is given for a surrogate that has one time step.
    """
    if isinstance(card.problem, LeadTimes):
        return card.problem.leads[0] if lead is None else lead
    if lead is not None:
        raise InputError.of("lead_time", lead, "the surrogate has one time step; leave it out")
    return 1


def _placed(made: xr.Dataset, inputs: Inputs, card: Card) -> xr.Dataset:
    """Return data without the coordinates that the files do not define."""
    loose = [name for name in ("time", *card.grid.names) if name not in inputs.located]
    return made.drop_vars(loose, errors="ignore")


def _unit(data: FieldSet) -> str:
    origin = str(data.attributes.get("time_origin", "")).partition(" ")[0]
    return f"{data.time_unit} since {origin}" if origin else data.time_unit


def _calendar(data: FieldSet) -> dict[str, str]:
    """Return the CF attributes of times that count from a date."""
    calendar = str(data.attributes.get("time_origin", "")).partition(" ")[2]
    return {"units": _unit(data)} | ({"calendar": calendar} if calendar else {})


def _forcings(
    data: FieldSet, lasts: np.ndarray[Any, Any], apart: int, inputs: Inputs, card: Card
) -> xr.Dataset:
    """Return the forcings of all samples from their last input frames on, of each step."""
    known = [one for one in data.conditions if one.role == "forcing"]
    if not known:
        return xr.Dataset()
    count = min(data.length(i) - int(k) for i, k in enumerate(lasts))
    rows = []
    for one in known:
        if len(one.values) == 1 and (lasts == lasts[0]).all():
            values = np.asarray(one.values)[:, lasts[0] : lasts[0] + count : apart]
        else:
            own = [
                one.values[i if len(one.values) > 1 else 0, k : k + count : apart]
                for i, k in enumerate(lasts)
            ]
            values = np.stack([np.asarray(v) for v in own])
        rows.append(Condition(one.field, "forcing", values))
    times = data.times if (lasts == lasts[0]).all() else None
    if times is not None:
        times = Times(times.values[lasts[0] : lasts[0] + count : apart], times.unit)
    return forcing_dataset(rows, card.grid.names, times if "time" in inputs.located else None)


def forcing_dataset(
    forcings: list[Condition], axes: tuple[str, ...], times: Times | None
) -> xr.Dataset:
    """Return forcings as a dataset along ``time``."""
    variables = {}
    for one in forcings:
        values = np.asarray(one.values)[:, :, 0]
        dims = ("sample", "time", *axes)
        kept = [i for i, n in enumerate(values.shape) if n > 1 or i == 1]
        variables[one.field.name] = (
            tuple(dims[i] for i in kept),
            values.reshape([values.shape[i] for i in kept]),
            {"units": one.field.unit, "long_name": one.field.long_name},
        )
    made = xr.Dataset(variables)
    if times is None:
        return made
    about = {} if times.dated else {"units": times.unit}
    return made.assign_coords(time=("time", times.values, about))
