"""The correction of predictions by their equation, and what it changes on a test set."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from scipy.stats import spearmanr
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible, iterate_pairs
from neurop.fields.fieldset import FieldSet
from neurop.inference.evaluating import evaluating
from neurop.physics.equations.equation import Equation
from neurop.refinement.spectral import Corrected
from neurop.surrogate import Surrogate

from ._console import table
from ._evaluation import Task
from ._runs import Checkpoint
from ._settings.build import build, locate
from ._settings.data import data_set
from ._settings.saved import settings_for

RESIDUALS = {
    "residual": "the prediction",
    "residual_corrected": "the corrected prediction",
    "residual_of_truth": "the truth: the error of the differences in time",
}
ESTIMATES = {"residual": "the residual", "correction": "the size of the correction"}


def corrected(cfg: DictConfig, surrogate: Surrogate, equation: Equation | None) -> Corrected:
    """Return a surrogate with the correction ``cfg.correct``, by its own equation or the given one.

    Raises
    ------
    InputError
        If it cannot be corrected, or the setting names something else than a correction.
    """
    node = cfg.correct
    if locate(str(node._target_), "correct") is not Corrected:
        raise InputError.of("correct", node._target_, "choose one (neurop list correct)")
    own = {} if node.equation is not None else {"equation": equation}
    made: Corrected = build(node, **own)(surrogate)
    return made


def equation_of(checkpoint: Checkpoint) -> Equation | None:
    """Return the equation of the data of a run; None of a folder that does not name them."""
    if checkpoint.run is None:
        return None
    return data_set(settings_for(OmegaConf.create({}), checkpoint)[0]).equation


def correcting(cfg: DictConfig, task: Task, test: FieldSet) -> Task:
    """Return the task with a corrected surrogate and its estimates; print them."""
    made = corrected(cfg, task.surrogate, task.source.equation)
    found = _residuals(made, task.surrogate, test, cfg.batch_size)
    ranks = {
        # Equal values have no order: one sample, or corrections that were not made.
        name: float(spearmanr(found[name], found["rmse"]).statistic)
        if len(set(found[name])) > 1
        else None
        for name in ESTIMATES
    }
    title = f"residual of the equation, norm of order {made.order:g}, {len(test)} samples"
    rows = [[words, float(np.mean(found[name]))] for name, words in RESIDUALS.items()]
    table(title, ["of", "mean"], rows)
    shown = [[words, ranks[name]] for name, words in ESTIMATES.items()]
    table("rank correlation with the error of the prediction", ["of", "value"], shown)
    record = found | {"order": made.order, "rank_correlation": ranks}
    return replace(task, surrogate=made, record=task.record | {"correct": record})


def _residuals(
    made: Corrected, plain: Surrogate, test: FieldSet, batch_size: int
) -> dict[str, list[float]]:
    """Return the residuals of each sample, and error and correction of its prediction."""
    found: dict[str, list[Tensor]] = defaultdict(list)
    test = check_compatible(plain, test)
    with evaluating(plain):
        for x, y, given in iterate_pairs(plain, test, batch_size):
            p = plain(x, given=given)
            both = made.refined(x, p, given)
            found["residual"].append(both.before)
            found["residual_corrected"].append(both.after)
            found["residual_of_truth"].append(made.refined(x, y, given, sweeps=0).before)
            found["correction"].append(both.change)
            found["rmse"].append((p - y).square().flatten(1).mean(1).sqrt())
    return {name: torch.cat(values).tolist() for name, values in found.items()}
