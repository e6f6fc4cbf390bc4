"""Predictions in labelled blocks of samples and steps, so that nothing holds all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as forever
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.mask import blank
from neurop.inference.evaluating import evaluating
from neurop.inference.labels import labelled
from neurop.inference.start import Start, check_known
from neurop.inference.where import OnGrid, Where

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

BLOCK = 2**24
"""Bytes of the predictions and conditions of one block."""
LONGEST = 128
"""Largest number of steps in one block."""


@dataclass(frozen=True, eq=False)
class Block:
    """Predictions of some samples at some steps.

    Parameters
    ----------
    samples, steps
        Their ranges among all samples and steps; steps are counted from 0.
    data
        One variable per field, ``(sample, time, *space)``, with the coordinates ``time`` and
        ``lead``; without them for a map.
    inside
        Cells of the domain, ``(sample | 1, *grid)``, outside of which fields are NaN; None for all.
    """

    samples: slice
    steps: slice
    data: xr.Dataset
    inside: NDArray[np.bool_] | None = None


def forecast(
    surrogate: Surrogate,
    start: Start,
    steps: int | None = 1,
    where: Where | None = None,
    batch_size: int = 16,
    together: int | None = None,
) -> Iterator[Block]:
    """Yield predictions in blocks: all steps of the first batch of samples, then of the next.

    Memory does not grow with the number of steps.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    start
        Initial frames, conditions and times.
    steps
        Number of steps of an evolution, 1 for a map; None for steps without end, or to the end of
        the forcings, of all samples at once.
    where
        Grid or points of the predictions; by default the grid of the input.
    batch_size
        Samples per call of the surrogate.
    together
        Steps per block; by default so many that a block has about 16 MiB.

    Raises
    ------
    InputError
        If a number is below 1, a map is asked for several steps, `where` does not fit the
        surrogate, or a forcing ends before the last step.
    """
    card = surrogate.card
    for name, value in (("steps", steps), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise InputError.of(name, value, "give at least 1")
    if not card.is_state and steps != 1:
        raise InputError.of("steps", steps, "a map has no time to step in; leave it out")
    if steps is not None:
        check_known(start, steps)
    where = where or OnGrid(start.shape)
    if tuple(where.shape(card.grid)) != start.shape or not isinstance(where, OnGrid):
        where.check(card)
    return _blocks(surrogate, start, steps, where, batch_size, together)


def _blocks(
    surrogate: Surrogate,
    start: Start,
    steps: int | None,
    where: Where,
    batch_size: int,
    together: int | None,
) -> Iterator[Block]:
    card = surrogate.card
    batch_size = len(start) if steps is None else min(batch_size, len(start))
    points = math.prod(start.shape) * card.given_channels
    points += math.prod(where.shape(card.grid)) * card.out_channels
    size = max(1, min(LONGEST, BLOCK // max(1, 4 * batch_size * points)))
    size = together or size
    for first_sample in range(0, len(start), batch_size):
        samples = slice(first_sample, min(first_sample + batch_size, len(start)))
        frames = start.frames[samples]
        last = start.known_steps if steps is None else steps
        for first in forever(0, size) if last is None else range(0, last, size):
            count = size if last is None else min(size, last - first)
            with evaluating(surrogate):
                given = start.given(card, samples, first, count)
                shown = []
                for step in range(count):
                    x = frames.flatten(1, 2)
                    now = None if given is None else given[:, step]
                    y = surrogate(x, given=now)
                    shown.append(where.values(surrogate, x, now, y).cpu())
                    if card.is_state:
                        frames = torch.cat([frames[:, 1:], y[:, None]], dim=1)
                made = torch.stack(shown, dim=1).numpy()
            inside = start.inside
            if inside is not None and len(inside) > 1:
                inside = inside[samples]
            values = np.asarray(blank(made, inside), made.dtype)
            data = labelled(card, values, start.clock, first, where)
            yield Block(samples, slice(first, first + count), data, inside)
