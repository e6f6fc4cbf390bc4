"""What a prediction starts from: the last frames, the conditions and the times of the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.clock import Clock, clock_of
from neurop.fields.condition import Condition, channels_at
from neurop.fields.labelled import from_xarray
from neurop.fields.mask import fill_outside
from neurop.inference.conditions import computed_at, conditions_of, lead_time_of
from neurop.inference.diagnostics import completed
from neurop.inference.ordinary import warn_if_unusual

if TYPE_CHECKING:
    from neurop.card import Card
    from neurop.surrogate import Surrogate


@dataclass(frozen=True, eq=False)
class Start:
    """Initial frames and known inputs of a prediction.

    Parameters
    ----------
    frames
        Last given frames of every sample, ``(sample, history, channels, *grid)``.
    conditions
        Those of the surrogate, in its order; forcings begin at the last given frame.
    clock
        Times of the steps; None for a map.
    inside
        Cells of the domain, ``(sample | 1, *grid)``; None without a mask.
    """

    frames: Tensor
    conditions: tuple[Condition, ...]
    clock: Clock | None
    inside: NDArray[np.bool_] | None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.frames)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points per axis."""
        return tuple(self.frames.shape[3:])

    @property
    def known_steps(self) -> int | None:
        """Number of steps for which all given forcings are known; None for any number."""
        counts = [
            one.values.shape[1] - 1
            for one in self.conditions
            if one.role == "forcing" and one.computed is None
        ]
        return min(counts, default=None)

    def given(self, card: Card, samples: slice, first: int, count: int) -> Tensor | None:
        """Return the conditions of some steps, ``(sample, steps, channel, *grid)``; None if none.

        Parameters
        ----------
        card
            Card of the surrogate.
        samples
            Range of samples.
        first, count
            First step, counted from 0, and number of steps.

        Raises
        ------
        InputError
            If a forcing ends before the last step.
        """
        if not self.conditions:
            return None
        now = {}
        if any(one.computed is not None and one.role == "forcing" for one in self.conditions):
            made = computed_at(card, self.shape, self.clock, first, count + 1)
            now = {one.field.name: one for one in made}
        rows = range(len(self))[samples]
        columns = []
        for one in self.conditions:
            computed = now.get(one.field.name) if one.computed is not None else None
            known, last = (one, first) if computed is None else (computed, 0)
            columns.append([channels_at([known], i, last, count, self.shape) for i in rows])
        parts = [np.concatenate(part, axis=1) for part in zip(*columns, strict=True)]
        return torch.from_numpy(np.stack(parts)).to(self.frames)


def start_of(
    surrogate: Surrogate, data: xr.Dataset, forcing: xr.Dataset | None = None, steps: int = 1
) -> Start:
    """Return the start of a prediction from labelled data in the names and order of the surrogate.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    data
        Dataset with one variable per input field; see :meth:`neurop.Surrogate.predict`.
    forcing
        Dataset with the forcings; see :func:`neurop.inference.conditions.conditions_of`.
    steps
        Number of steps that will be asked for.

    Raises
    ------
    InputError
        If `data` has too few frames, or does not have the fields, axes, units and times of the
        surrogate; or if a forcing is not known for so many steps.
    """
    card = surrogate.card
    given = from_xarray(completed(card, data), card.inputs, card.grid)
    history = card.history
    if (frames := given.values.shape[1]) < history:
        raise InputError(
            f"{frames} frames are given; the surrogate needs {history}", "frames", frames
        )
    step = lead_time_of(card, data)
    clock = clock_of(given.times, step, card.sampling.unit, history)
    given = given.frames(slice(-history, None))
    known = conditions_of(card, data, forcing, clock, given, steps)
    mask = tuple(one for one in known if one.role == "mask")
    given = fill_outside(replace(given, conditions=mask)).check_finite()
    values = torch.from_numpy(np.array(given.values))
    start = Start(values.to(next(surrogate.parameters())), known, clock, given.inside)
    check_known(start, steps)
    warn_if_unusual(surrogate, start.frames, given.inside)
    return start


def check_known(start: Start, steps: int) -> None:
    """Raise InputError unless all forcings are known for so many steps."""
    if start.known_steps is not None and steps > start.known_steps:
        name = next(
            one.field.name
            for one in start.conditions
            if one.role == "forcing" and one.values.shape[1] - 1 == start.known_steps
        )
        remedy = f"the forcing '{name}' is known for {start.known_steps} steps; give more of it"
        raise InputError.of("steps", steps, remedy)


def names_of(conditions: Sequence[Condition], role: str) -> list[str]:
    """Return the names of the conditions of a role."""
    return [one.field.name for one in conditions if one.role == role]
