"""Forecasts with their truths, from chosen frames of the trajectories of a set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import given_at, to_float64, to_model_dtype
from neurop.fields.fieldset import FieldSet
from neurop.inference.domain import measure
from neurop.metrics.measure import Measure, Weights

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

Start = tuple[int, int]
"""Sample, and the first of its frames that go in."""


class Forecasts(NamedTuple):
    """A batch of forecasts, in double precision.

    Parameters
    ----------
    predicted, truth
        ``(forecast, lead, field, *grid)``; the truth is NaN after the end of a trajectory.
    measure
        Cell measure of the domain.
    """

    predicted: Tensor
    truth: Tensor
    measure: Weights

    @property
    def weights(self) -> Tensor:
        """Cell measure of mean 1, 0 outside the domain, ``(forecast or 1, 1, 1, *grid)``."""
        cells = self.measure
        return cells.over(self.truth) if isinstance(cells, Measure) else cells[(None,) * 3]

    @property
    def inside(self) -> Tensor:
        """Cells of the domain, ``(forecast or 1, 1, 1, *grid)``."""
        if isinstance(self.measure, Measure):
            return self.measure.inside[:, None, None]
        return torch.ones_like(self.weights, dtype=torch.bool)

    def error(self) -> Tensor:
        """Return the absolute errors, 0 outside the domain and infinite where it diverged."""
        size = (self.predicted - self.truth).abs()
        unknown = self.truth.isnan()
        size = torch.where(size.isnan() & ~unknown, torch.inf, size)
        return torch.where(self.inside | unknown, size, 0.0)


def starts_of(
    surrogate: Surrogate, data: FieldSet, start: int = 0, every: int | None = None
) -> list[Start]:
    """Return where forecasts begin: once per trajectory, or repeatedly.

    Parameters
    ----------
    surrogate, data
        Surrogate and data; samples of a map have one start each.
    start
        First input frame.
    every
        Frames between the starts of one trajectory; None for one start.

    Raises
    ------
    InputError
        If no trajectory is long enough.
    """
    if data.has_targets:
        return [(sample, 0) for sample in range(len(data))]
    found = []
    for sample in range(len(data)):
        last = data.length(sample) - surrogate.card.history
        step = every or max(last - start, 1)
        found += [(sample, frame) for frame in range(start, last, step)]
    if not found:
        frames = max(map(data.length, range(len(data))), default=0)
        remedy = f"{frames} frames with a history of {surrogate.card.history} leave none to predict"
        raise InputError.of("start", start, remedy)
    return found


def known_leads(surrogate: Surrogate, data: FieldSet, starts: Sequence[Start]) -> list[int]:
    """Return for each start the number of lead times with a truth."""
    if data.has_targets:
        return [1] * len(starts)
    return [data.length(s) - first - surrogate.card.history for s, first in starts]


def sample_digests(data: FieldSet) -> list[str]:
    """Return 16 hex digits for each sample, by which it is recognised in other sets.

    They are of the SHA-256 of its first and its last frame, as a trajectory need not fit into
    memory, and of its targets.
    """
    found = []
    for sample in range(len(data)):
        ends = (0, data.length(sample) - 1)
        parts = [data.values[sample, frame : frame + 1] for frame in ends]
        if data.targets is not None:
            parts.append(data.targets[sample])
        digest = hashlib.sha256()
        for part in parts:
            digest.update(np.asarray(part).astype("<f8").tobytes())
        found.append(digest.hexdigest()[:16])
    return found


def forecasts(
    surrogate: Surrogate,
    data: FieldSet,
    starts: Sequence[Start],
    steps: int,
    batch_size: int = 16,
    perturb: Callable[[Tensor, Sequence[Start]], Tensor] | None = None,
) -> Iterator[Forecasts]:
    """Yield forecasts from the given starts, in batches; 1 step of a map.

    Parameters
    ----------
    surrogate
        Surrogate in evaluation mode.
    data
        Data from :func:`neurop.evaluation.batches.check_compatible`.
    starts
        Where the forecasts begin.
    steps
        Number of lead times.
    batch_size
        Forecasts per call of the surrogate.
    perturb
        Function from input frames ``(forecast, history, channel, *grid)`` and their starts to
        other input frames; None for the frames as they are.

    Raises
    ------
    InputError
        If `batch_size` is below 1.
    """
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    past = surrogate.card.history
    for first in range(0, len(starts), batch_size):
        chosen = starts[first : first + batch_size]
        frames = np.stack([data.values[s, frame : frame + past] for s, frame in chosen])
        if data.targets is None:
            truth = np.full((len(chosen), steps, *frames.shape[2:]), np.nan)
            for row, (s, frame) in zip(truth, chosen, strict=True):
                end = min(frame + past + steps, data.length(s))
                row[: end - frame - past] = data.values[s, frame + past : end]
        else:
            truth = np.stack([data.targets[s] for s, _ in chosen])
        lasts = [(s, frame + past - 1) for s, frame in chosen]
        given = given_at(surrogate, data, lasts, steps, pad=data.targets is None)
        x = to_model_dtype(surrogate, frames)
        x = x if perturb is None else perturb(x, chosen)
        predicted = surrogate.trajectory(x, steps, given).double()
        y = to_float64(surrogate, truth)
        yield Forecasts(predicted, y, measure(surrogate.card, y, given))
