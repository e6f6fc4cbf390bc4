"""The prediction of a surrogate as functions of space and time, for the residual of an equation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.fields.frames_as_channels import TIME, frame_names, starts_with_given
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral.chebyshev import Chebyshev
from neurop.spectral.constants import constant_tensor

if TYPE_CHECKING:
    from neurop.card import Card
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


@dataclass(frozen=True)
class PredictedFields:
    """Predicted functions on a grid, after the frames that are given.

    Parameters
    ----------
    values
        ``(batch, channel, *grid)`` in physical units.
    grid
        Grid of the values.
    known
        Number of frames at the start of the time axis that are given, not predicted.
    """

    values: Tensor
    grid: Grid
    known: int = 0

    def persistent(self) -> PredictedFields:
        """Return the last given frame at all later times; zeros without a time axis."""
        if not self.known:
            return replace(self, values=torch.zeros_like(self.values))
        given = self.values[..., : self.known]
        later = self.values.shape[-1] - self.known
        last = given[..., -1:].expand(*given.shape[:-1], later)
        return replace(self, values=torch.cat([given, last], dim=-1))

    def resolved(self) -> PredictedFields:
        """Return functions that are polynomials in time at 2 n - 1 instead of n Chebyshev times.

        There products of two of them are without aliases in time. They are in double precision, as
        a derivative amplifies rounding by the square of the number of times. Functions with another
        time axis, or none, are unchanged.
        """
        time, n = self.grid.axes[-1], self.values.shape[-1]
        if time.name != TIME or time.layout != "chebyshev":
            return self
        has_double = self.values.device.type != "mps"
        values = self.values.double() if has_double else self.values
        return replace(self, values=values @ _finer(n, values.dtype, values.device).T)


def predicted(surrogate: Surrogate, batch: Batch) -> PredictedFields:
    """Return the prediction for a batch together with the input frames.

    An evolution is unrolled over the steps of its problem; of a map over space and time
    (``neurop.datasets.SpaceTime``) the input channels are the frames before the first time, or
    the one at the first time (``neurop.datasets.ChebyshevTimes``), which takes the place of
    the prediction there; a map without an axis ``t`` has no frames.
    """
    card, frames, given = surrogate.card, batch["input"], batch.get("given")
    if card.is_state:
        steps = card.problem.unroll
        given = None if given is None else given[:, :steps]
        return continued(card, frames, surrogate.trajectory(frames, steps, given))
    once = None if given is None else given[:, 0]
    return continued(card, frames, surrogate(frames[:, 0], given=once)[:, None])


def continued(card: Card, frames: Tensor, later: Tensor) -> PredictedFields:
    """Return input frames and what follows them as functions of space and time.

    Parameters
    ----------
    card
        Card of the surrogate.
    frames, later
        ``input`` and ``target`` of a batch, or a prediction in place of the target: ``(batch,
        frames, channel, *grid)``.
    """
    if card.is_state:
        every = torch.cat([frames, later], dim=1)
        step, count = card.sampling.step or 1.0, every.shape[1]
        time = Axis(TIME, "open", 0.0, step * (count - 1), card.sampling.unit, "ends")
        return PredictedFields(every.movedim(1, -1), Grid((*card.grid.axes, time)), frames.shape[1])
    values = later[:, 0]
    count = frames_given(card)
    if not count:
        return PredictedFields(values, card.grid)
    before = frames[:, 0].unflatten(1, (count, -1))[..., 0]
    axis, times = card.grid.axes[-1], values.shape[-1]
    if starts_with_given(axis):
        whole = torch.cat([before.movedim(1, -1), values[..., 1:]], dim=-1)
        return PredictedFields(whole, card.grid, count)
    step = axis.length / card.shape[-1]
    time = Axis(
        TIME, "open", axis.start - count * step, step * (count + times - 1), axis.unit, "ends"
    )
    whole = torch.cat([before.movedim(1, -1), values], dim=-1)
    return PredictedFields(whole, Grid((*card.grid.axes[:-1], time)), count)


def frames_given(card: Card) -> int:
    """Return the number of frames among the input channels of a map over space and time.

    They are named ``<field>_0`` and so on; 0 for another map.
    """
    if card.is_state or card.grid.names[-1] != TIME:
        return 0
    outputs = [field.name for field in card.outputs]
    count = len(card.inputs) // len(outputs)
    named = [field.name for field in card.inputs]
    return count if named == frame_names(outputs, count) else 0


def known_functions(surrogate: Surrogate, batch: Batch) -> dict[str, Tensor]:
    """Return what a sample knows besides its frames: inputs of a map, parameters, static fields.

    By name, ``(batch, *grid)``, or ``(batch, 1, ...)`` for parameters, which are constant.
    """
    card, found = surrogate.card, {}
    axes = card.grid.dimensions
    if not card.is_state and not frames_given(card):
        found = {f.name: batch["input"][:, 0, i] for i, f in enumerate(card.inputs)}
    if "given" not in batch:
        return found
    once, first = batch["given"][:, 0], 0
    for known in card.conditions:
        if len(known.channels) == 1 and known.role in ("parameter", "static", "mask"):
            field = once[:, first]
            if known.role == "parameter":
                field = field[(slice(None), *[slice(0, 1)] * axes)]
            elif frames_given(card):
                field = field[..., :1]  # the same at all times
            found[known.name] = field[..., None] if card.is_state else field
        first += len(known.channels)
    return found


@constant_tensor(maxsize=16)
def _finer(n: int) -> NDArray[np.float64]:
    """Return the matrix from values at n Chebyshev points to those at 2 n - 1, of a polynomial."""
    axis, basis = Axis(TIME, "open", layout="chebyshev"), Chebyshev(n)
    synthesis = basis.functions(axis.points(2 * n - 1)) * basis.norms()
    return np.asarray(synthesis @ basis.analysis(axis, n), np.float64)
