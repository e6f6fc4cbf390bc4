"""Calibration of error bands on held-out data: functional split conformal prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible
from neurop.evaluation.forecasts import forecasts, known_leads, sample_digests, starts_of
from neurop.evaluation.leads import step_of
from neurop.fields.fieldset import FieldSet
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.conformal.everywhere import Everywhere
from neurop.inference.conformal.guarantee import Guarantee
from neurop.inference.conformal.modulation import on_grid
from neurop.inference.conformal.rank import check_level, rank, samples_needed
from neurop.inference.evaluating import evaluating

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

TRAINING = 64
"""Largest number of training forecasts from which the modulation is computed."""
PRIOR = 4.0
"""Weight of the mean over space in the modulation, in training forecasts."""


def calibrate(
    surrogate: Surrogate,
    train: FieldSet,
    held_out: FieldSet,
    guarantee: Guarantee | None = None,
    level: float = 0.9,
    steps: int | None = None,
    start: int = 0,
    every: int | None = None,
    batch_size: int = 16,
) -> Calibration:
    r"""Return error bands :math:`p \pm q\,m` with a coverage that is exact in finite samples.

    The modulation m of each lead time, field and point is the root of

    .. math:: m^2 = \frac{N\, \overline{e^2} + \kappa\, \langle\overline{e^2}\rangle}{N + \kappa},

    with the mean square error over N training forecasts, and its mean over space with the weight
    :data:`PRIOR`. Each trajectory (or sample of a map) of `held_out` has one score, the smallest q
    whose band covers its forecast; see :class:`neurop.inference.conformal.guarantee.Guarantee` and
    :class:`neurop.inference.conformal.calibration.Calibration`.

    The coverage is that of a new trajectory which is exchangeable with those of `held_out`, and
    which is forecast from the same frame. The samples must not have been used in the training or in
    the choice of a checkpoint.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    train
        Training data, for the modulation alone.
    held_out
        Calibration data.
    guarantee
        What the band covers; by default the field at every point.
    level
        Probability; others can be chosen later.
    steps
        Number of lead times; by default all for which there are enough samples, and `every` where
        that is given.
    start
        First input frame of each forecast.
    every
        Frames between the starts of several forecasts of one trajectory, each of which is counted
        as a sample. They depend on each other, so that the coverage is approximate.
    batch_size
        Forecasts per call of the surrogate.

    Raises
    ------
    InputError
        If the data do not fit the surrogate, `held_out` is the training set, or there are too few
        samples for the level.
    """
    check_level(level)
    train, held_out = (check_compatible(surrogate, data) for data in (train, held_out))
    samples = sample_digests(held_out)
    if seen := len({*samples} & {*sample_digests(train)}):
        remedy = f"{seen} samples are among those of the training; give others"
        raise InputError(f"{held_out.label}: {remedy}", "split", held_out.label)
    if every is not None and (held_out.has_targets or every < 1):
        remedy = "is for evolutions; leave it out" if held_out.has_targets else "give at least 1"
        raise InputError.of("every", every, remedy)
    starts = starts_of(surrogate, held_out, start, every)
    known = np.array(known_leads(surrogate, held_out, starts))
    rank(len(starts), level)
    steps = _steps(known, steps, every, level)
    chosen = starts_of(surrogate, train, start, every)
    spread = np.linspace(0, len(chosen) - 1, min(TRAINING, len(chosen))).astype(int)
    with evaluating(surrogate):
        scale = surrogate.scale.double().cpu().numpy()
        typical = [chosen[i] for i in spread]
        modulation = _modulation(surrogate, train, typical, steps, batch_size, scale)
        modulation = on_grid(modulation, surrogate.card.grid, held_out.shape)
        made = guarantee or Everywhere()
        scores = band_scores(surrogate, held_out, starts, made, modulation, batch_size)
    step, unit = step_of(surrogate, held_out)
    about: dict[str, Any] = {
        "level": level,
        "source": held_out.source,
        "data_hash": held_out.digest(),
        "forecasts": len(starts),
        "samples": samples,
        "start": start,
        "every": every,
        "step": step,
        "step_unit": unit,
    }
    return Calibration(made, scores, modulation, surrogate.card.grid, about)


def band_scores(
    surrogate: Surrogate,
    data: FieldSet,
    starts: list[tuple[int, int]],
    guarantee: Guarantee,
    modulation: NDArray[np.float64],
    batch_size: int = 16,
) -> NDArray[np.float64]:
    """Return the scores of the forecasts of a set, ``(forecast, lead, field)``; NaN without truth.

    Parameters
    ----------
    surrogate, data, starts, batch_size
        As in :func:`neurop.evaluation.forecasts.forecasts`.
    guarantee
        Score of a forecast.
    modulation
        Typical errors on the grid of the data, ``(lead, field, *grid)``.
    """
    parts = []
    for batch in forecasts(surrogate, data, starts, len(modulation), batch_size):
        size = torch.from_numpy(modulation).to(batch.truth.device)
        parts.append(guarantee.scores(batch.error() / size, batch.weights).cpu().numpy())
    return np.concatenate(parts)


def _steps(known: NDArray[np.intp], steps: int | None, every: int | None, level: float) -> int:
    """Return the number of lead times for which there are enough forecasts."""
    needed = samples_needed(level)
    longest = int(np.sort(known)[::-1][needed - 1])
    if steps is None:
        return min(longest, every or longest)
    if not 1 <= steps <= longest:
        raise InputError.of(
            "steps", steps, f"the truth of {needed} forecasts is known for 1 to {longest} steps"
        )
    if every is not None and steps > every:
        raise InputError.of("steps", steps, f"forecasts every {every} frames would overlap")
    return steps


def _modulation(
    surrogate: Surrogate,
    train: FieldSet,
    starts: list[tuple[int, int]],
    steps: int,
    batch_size: int,
    scale: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the typical error, ``(lead, field, *grid)``; diverged forecasts are left out."""
    total: Any = 0.0
    count: Any = 0.0
    mean: Any = 0.0
    for batch in forecasts(surrogate, train, starts, steps, batch_size):
        square = batch.error().square()
        good = square.isfinite() & batch.inside
        square = torch.where(good, square, 0.0)
        total = total + square.sum(0).cpu().numpy()
        count = count + good.sum(0).cpu().numpy()
        weighted = (square * batch.weights).sum(0).flatten(2).sum(-1)
        weight = (good * batch.weights).sum(0).flatten(2).sum(-1)
        mean = mean + torch.stack([weighted, weight]).cpu().numpy()
    axes = (..., *[None] * (np.ndim(total) - 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        overall = (mean[0] / mean[1])[axes]
        # Lead times after the end of all training trajectories take that of the last one.
        for lead in range(1, steps):
            overall[lead] = np.where(np.isfinite(overall[lead]), overall[lead], overall[lead - 1])
    least = (1e-6 * scale[None])[axes]
    overall = np.maximum(np.nan_to_num(overall, nan=0.0), least**2)
    found: NDArray[np.float64] = np.sqrt((total + PRIOR * overall) / (count + PRIOR))
    return found
