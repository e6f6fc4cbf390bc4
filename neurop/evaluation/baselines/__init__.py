"""Baselines: forecasts and maps without a network, scored as surrogates are."""

from __future__ import annotations

from neurop.errors import InputError, nearest
from neurop.evaluation.baselines.baseline import Baseline
from neurop.evaluation.baselines.climatology import Climatology
from neurop.evaluation.baselines.linear import Linear
from neurop.evaluation.baselines.persistence import Persistence
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import Standardize
from neurop.problems import Evolution, LeadTimes, Problem

BASELINES: dict[str, type[Baseline]] = {
    "persistence": Persistence,
    "climatology": Climatology,
    "linear": Linear,
}
"""Name to class."""


def fit_baseline(
    name: str,
    train: FieldSet,
    validation: FieldSet,
    problem: Problem | None = None,
    normalizer: Standardize | None = None,
) -> Baseline:
    """Return a fitted baseline; a map has no persistence, and its climatology is taken.

    See :meth:`Baseline.fit` for the other arguments.

    Raises
    ------
    InputError
        If there is none of that name, or a field is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid
    >>> a = np.random.randn(6, 1, 1, 8)
    >>> data = FieldSet(a, (Field("a"),), Grid.periodic(1), 2 * a, (Field("u"),))
    >>> fit_baseline("persistence", data, data).name
    'climatology'
    """
    if name not in BASELINES:
        raise InputError.of("baseline", name, nearest(name, BASELINES))
    if name == "persistence" and train.has_targets:
        name = "climatology"
    if isinstance(problem, LeadTimes):
        if problem.leads[0] != 1:
            raise InputError.of("leads", problem.leads, "baselines step by one frame; begin with 1")
        problem = Evolution(problem.history, problem.unroll, problem.increments)
    return BASELINES[name].fit(train, validation, problem, normalizer)


__all__ = ["BASELINES", "Baseline", "Climatology", "Linear", "Persistence", "fit_baseline"]
