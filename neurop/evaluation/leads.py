"""Evaluation data at one of the lead times of a surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.lead_times import NAME, at_lead
from neurop.problems import LeadTimes

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def with_lead(
    surrogate: Surrogate, data: FieldSet, lead: int | None = None, start: int = 0
) -> FieldSet:
    """Return the frames that are one lead time apart, for a surrogate of several.

    The data of a surrogate of one time step are returned as they are, and those that have a lead
    time too.

    Parameters
    ----------
    surrogate, data
        Surrogate and data.
    lead
        Lead time in frames; the shortest of the training by default.
    start
        Index of the first frame that is returned, for a surrogate of several lead times.

    Raises
    ------
    InputError
        If a lead time is given to a surrogate of one time step, or leaves fewer than two frames, or
        `start` is not below the number of frames.

    Warns
    -----
    UserWarning
        In the evaluation, for a lead time outside the range of the training.
    """
    problem = surrogate.card.problem
    if not isinstance(problem, LeadTimes):
        if lead is not None:
            raise InputError.of("lead_time", lead, "the surrogate has one time step; leave it out")
        return data
    if any(one.field.name == NAME for one in data.conditions):
        return data
    if start >= (frames := data.values.shape[1]):
        raise InputError.of("start", start, f"the data have {frames} frames; lower it")
    return at_lead(data, problem.leads[0] if lead is None else lead, start)


def step_of(surrogate: Surrogate, data: FieldSet) -> tuple[float | None, str]:
    """Return the time step of a surrogate on data from :func:`with_lead`, and its unit."""
    sampling = surrogate.card.sampling
    for one in data.conditions:
        if one.field.name == NAME and isinstance(surrogate.card.problem, LeadTimes):
            return float(np.asarray(one.values).flat[0]), one.field.unit
    return sampling.step, sampling.unit
