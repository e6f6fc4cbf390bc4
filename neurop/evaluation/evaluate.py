"""Evaluation of a surrogate in one call."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from neurop.errors import InputError, nearest
from neurop.evaluation.protocols import REGISTRY
from neurop.evaluation.resolutions import finer_sets
from neurop.fields.fieldset import FieldSet
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate

PROTOCOLS = {
    "coverage": "neurop.evaluation.coverage",
    "score": "neurop.evaluation.score",
    "rollout": "neurop.evaluation.rollout",
    "superres": "neurop.evaluation.superres",
}
"""Name of an evaluation, to the module with the function of that name."""


def evaluate(
    surrogate: Surrogate,
    data: Source | FieldSet | Mapping[int, FieldSet],
    protocol: str = "score",
    **how: Any,
) -> xr.Dataset:
    """Evaluate a surrogate on test data.

    Parameters
    ----------
    surrogate
        Surrogate to evaluate.
    data
        Data set, of which the test split is used, or fields; for ``superres`` fields by resolution.
    protocol
        Name of the evaluation. ``score``: errors of one step and of forecasts
        (:func:`neurop.evaluation.score`); ``rollout``: an autoregressive rollout from the initial
        state (:func:`neurop.evaluation.rollout`); ``coverage``: of the error bands of a calibrated
        surrogate (:func:`neurop.evaluation.coverage`); ``superres``: other grids than the training
        grid (:func:`neurop.evaluation.superres`); or that of a class in
        :mod:`neurop.evaluation.protocols`, such as ``equivariance``.
    **how
        Further arguments of that evaluation, for example ``steps=20``; of a class, those of its
        constructor.

    Returns
    -------
    xarray.Dataset
        Scores and examples; see the function of the protocol.

    Raises
    ------
    InputError
        For an unknown protocol, or data that do not fit the surrogate.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, Surrogate
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(5)[:, None]) / 16)
    >>> data = FieldSet(waves[None, :, None], (Field("u", "m s-1"),), Grid.periodic(1))
    >>> untrained = Surrogate.of(data, "fno")
    >>> evaluate(untrained, data).rmse.sizes
    Frozen({'lead': 2, 'field': 1})
    >>> evaluate(untrained, data, "rollout", steps=3).relative_l2.sizes
    Frozen({'step': 3})
    """
    if not isinstance(surrogate, Surrogate):
        remedy = "give a surrogate, such as neurop.load(folder)"
        raise InputError.of("surrogate", type(surrogate).__name__, remedy)
    known = [*PROTOCOLS, *REGISTRY.names()]
    if protocol not in known:
        raise InputError.of("protocol", protocol, nearest(protocol, known))
    call: Callable[..., xr.Dataset]
    if protocol in PROTOCOLS:
        call = getattr(importlib.import_module(PROTOCOLS[protocol]), protocol)
    else:
        call, how = REGISTRY.create(Spec(protocol, how)), {}
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
    return call(surrogate, data, **how)
