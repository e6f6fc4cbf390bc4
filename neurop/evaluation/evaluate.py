"""Evaluations by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import xarray as xr

from neurop.errors import InputError, nearest
from neurop.evaluation.resolutions import finer_sets
from neurop.fields.fieldset import FieldSet
from neurop.source import Source

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

PROTOCOLS = {
    "score": "neurop.evaluation.score",
    "rollout": "neurop.evaluation.rollout",
    "superres": "neurop.evaluation.superres",
}
"""Name of an evaluation and the module whose function of that name makes it."""


def evaluate(
    surrogate: Surrogate,
    data: Source | FieldSet | Mapping[int, FieldSet],
    protocol: str = "score",
    **how: Any,
) -> xr.Dataset:
    """Return an evaluation of a surrogate on test data.

    Parameters
    ----------
    surrogate
        What is evaluated.
    data
        Data set, of which the test split is used, or fields; for ``superres`` fields by resolution.
    protocol
        Name of the evaluation. ``score``: errors of one step and of forecasts; ``rollout``: an
        autoregressive rollout from the initial state; ``superres``: other grids than the training
        grid.
    **how
        Arguments of that evaluation, for example ``steps=20``.

    Raises
    ------
    InputError
        For an unknown protocol, or data that do not suit the surrogate.

    Examples
    --------
    >>> evaluate(None, None, "scores")
    Traceback (most recent call last):
    neurop.errors.InputError: protocol=scores: did you mean 'score'?
    """
    if protocol not in PROTOCOLS:
        raise InputError.of("protocol", protocol, nearest(protocol, PROTOCOLS))
    call = getattr(importlib.import_module(PROTOCOLS[protocol]), protocol)
    if isinstance(data, Source):
        data = finer_sets(data, surrogate.card) if protocol == "superres" else data.test()
    elif protocol == "superres" and isinstance(data, FieldSet):
        data = {data.shape[0]: data}
    elif protocol != "superres" and not isinstance(data, FieldSet):
        raise InputError(
            f"{type(data).__name__}: give a data set or fields to {protocol}",
            "data",
            type(data).__name__,
        )
    if protocol == "rollout" and isinstance(data, FieldSet):
        how = {"steps": data.values.shape[1] - surrogate.card.history} | how
    found: xr.Dataset = call(surrogate, data, **how)
    return found
