"""Errors, correlations and spectra of the trajectories of a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.metrics.measure import Weights
from neurop.metrics.norms import FLOOR, by_field, correlation, mean, ratio, scaled
from neurop.metrics.spectra import power_spectrum

EXPLOSION = 10.0
"""Ratio of a predicted field's norm to the largest norm of its truth that counts as divergence."""


def trajectory_scores(
    predicted: Tensor,
    batch: Tensor,
    grid: Grid,
    first: int,
    lengths: Sequence[int],
    scale: Tensor,
    weights: Weights,
) -> dict[str, NDArray[Any]]:
    """Return the scores of a batch of rollouts by name, ``(sample, step, ...)``.

    Parameters
    ----------
    predicted
        States ``(sample, step, channel, *grid)``.
    batch
        Frames of the truth ``(sample, time, channel, *grid)``, in float64.
    grid
        Grid of the trailing axes.
    first
        Index of the frame of the first step.
    lengths
        Number of steps of each sample with a truth; scores are NaN after them.
    scale
        Standard deviation of each field over the training data.
    weights
        Cell measure.
    """
    steps = predicted.shape[1]
    known = max(min(steps, batch.shape[1] - first), 0)
    valid = torch.arange(known) < torch.tensor(lengths)[:, None]
    valid = valid.to(batch.device)
    prediction, true = predicted.double(), batch[:, first : first + known]
    unit, given = (scaled(x, scale, weights) for x in (prediction, batch))
    known_unit = given[:, first : first + known]
    error, nan = unit[:, :known] - known_unit, float("nan")
    kept = valid.view(*valid.shape, *[1] * (error.dim() - 2))
    fields = _per_step(error, known_unit, weights)
    persistence = _per_step(given[:, first - 1 : first] - known_unit, known_unit, weights)
    r = torch.where(
        prediction[:, :known].isfinite().flatten(3).all(-1),
        correlation(prediction[:, :known], true, weights),
        0.0,
    )
    missed, size = (by_field(mean((x * kept).square(), weights)) for x in (error, known_unit))
    trajectory = ratio(missed, size, valid.sum(1, keepdim=True).clamp_min(1))
    scores = {
        "relative_l2_samples": _padded(fields.mean(-1).where(valid, nan), steps),
        "relative_l2_field": _padded(fields.movedim(-1, 1).where(valid[:, None], nan), steps),
        "persistence_relative_l2_samples": _padded(persistence.mean(-1).where(valid, nan), steps),
        "correlation_samples": _padded(r.nanmean(-1).where(valid, nan), steps),
        "trajectory": torch.where(valid.any(1), trajectory.mean(1), nan),
        "divergent": _divergent(unit, given, weights),
        "prediction": predicted.float(),
    }
    spectra = {
        "spectrum_prediction": _spectra(prediction, grid),
        "spectrum_truth": _spectra(true, grid, steps),
    }
    ends = np.arange(steps) >= np.array(lengths)[:, None]
    spectra["spectrum_truth"][ends] = np.nan
    return {name: values.cpu().numpy() for name, values in scores.items()} | spectra


def _per_step(error: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    """Return the relative error of each step and field, ``(batch, time, channel)``."""
    return ratio(mean(error.square(), weights), mean(truth.square(), weights))


def _divergent(prediction: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    """Return whether a field has diverged, ``(batch, time)``; fields are in units of scale."""
    size, bound = (mean(x.square(), weights) for x in (prediction, truth))
    bound = bound.amax(1, keepdim=True)
    # The truth of a field at rest gives no bound; its deviation in the training data does.
    bound = torch.where(bound < FLOOR**2, 1.0, bound)
    return (~size.isfinite() | (size > EXPLOSION**2 * bound)).any(-1)


def _padded(values: Tensor, steps: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, steps - values.shape[-1]), value=float("nan"))


def _spectra(values: Tensor, grid: Grid, steps: int = 0) -> NDArray[Any]:
    power = power_spectrum(values.cpu().numpy(), grid)[1]
    return np.pad(
        power, ((0, 0), (0, max(steps - power.shape[1], 0)), (0, 0), (0, 0)), constant_values=np.nan
    )
