"""The few scores of the test set that are reported after a training."""

from __future__ import annotations

from collections.abc import Iterator

from neurop.evaluation.probabilistic import probabilistic
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.fields.fieldset import FieldSet
from neurop.surrogate import Surrogate

TRAJECTORY = 10
"""Largest number of steps of the rollout from the first frame."""


def headline(surrogate: Surrogate, test: FieldSet) -> Iterator[tuple[str, float]]:
    """Yield name and value of the headline errors, the mean relative L2 error of one step first.

    Those of a probabilistic surrogate are of the prediction without noise, except for the CRPS and
    the ratio of spread to skill of its ensemble.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    test
        Test data for it.
    """
    state = surrogate.card.is_state
    scores = score(surrogate, test, leads=[1] if state else None)
    for name in ("relative_l2", "relative_l2_worst", "persistence_relative_l2"):
        if name in scores:
            yield name, float(scores[name])
    for field, value in zip(scores.field.values, scores.rmse_one_step.values, strict=True):
        yield f"rmse/{field}", float(value)
    if scores.sizes["field"] > 1:
        for field, value in zip(scores.field.values, scores.relative_l2_field.values, strict=True):
            yield f"relative_l2_field/{field}", float(value)
    if surrogate.noise is not None:
        ensemble = probabilistic(surrogate, test)
        for name in ("fair_crps", "spread_skill"):
            for field, value in zip(ensemble.field.values, ensemble[name].values, strict=True):
                yield f"{name}/{field}", float(value)
    if state:
        steps = min(TRAJECTORY, test.values.shape[1] - surrogate.card.history)
        run = rollout(surrogate, test, steps)
        yield f"trajectory_{steps}_relative_l2", float(run.trajectory_relative_l2)
