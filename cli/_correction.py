"""The correction of predictions by their equation, and what it changes on a test set."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
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
    """Return the task with a corrected surrogate and a folder of its own; print the residuals."""
    made = corrected(cfg, task.surrogate, task.source.equation)
    folder = task.folder if cfg.out is not None else task.folder.with_name("eval-corrected")
    found = _residuals(made, task.surrogate, test, cfg.batch_size)
    record = {
        "residual": found["before"],
        "residual_corrected": found["after"],
        "residual_of_truth": found["truth"],
        "rmse_before": found["error"],
        "rank_correlation": rank_correlation(found["before"], found["error"]),
    }
    means = [[name, float(np.mean(found[name]))] for name in ("before", "after", "truth")]
    title = f"residual of the equation, norm of order {made.order:g}, {len(test)} samples"
    rank = [["rank correlation with the error before", record["rank_correlation"]]]
    table(title, ["", "value"], [*means, *rank])
    return replace(task, surrogate=made, folder=folder, record=task.record | {"correct": record})


def rank_correlation(a: list[float], b: list[float]) -> float:
    """Return Spearman's correlation; NaN of one sample.

    Examples
    --------
    >>> round(rank_correlation([1, 2, 3, 4], [1, 10, 100, 50]), 3)
    0.8
    """
    if len(a) < 2:
        return float("nan")
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def _residuals(
    made: Corrected, plain: Surrogate, test: FieldSet, batch_size: int
) -> dict[str, list[float]]:
    """Return the residual of each sample before, after and of the truth, and the error before."""
    found: dict[str, list[Tensor]] = defaultdict(list)
    test = check_compatible(plain, test)
    with evaluating(plain):
        for x, y, given in iterate_pairs(plain, test, batch_size):
            p = plain(x, given=given)
            both = made.refined(x, p, given)
            found["before"].append(both.before)
            found["after"].append(both.after)
            found["truth"].append(made.refined(x, y, given, sweeps=0).before)
            found["error"].append((p - y).square().flatten(1).mean(1).sqrt())
    return {name: torch.cat(values).tolist() for name, values in found.items()}
