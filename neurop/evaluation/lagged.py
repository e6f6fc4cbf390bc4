"""Members that begin at earlier frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import given_at, to_model_dtype
from neurop.evaluation.forecasts import Start
from neurop.fields.fieldset import FieldSet

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


@dataclass(frozen=True, eq=False)
class Lagged:
    r"""Input frames of an ensemble of lagged forecasts: member j began j frames earlier.

    Its input frames at the start are its own forecast of them, of j steps, so its perturbation is
    the error that forecasts make, with the size and the correlations that they have; nothing is
    tuned, and nothing is drawn. Member 0 begins with the frames as they are.

    Source: Hoffman and Kalnay, Lagged average forecasting, an alternative to Monte Carlo
    forecasting, 1983, doi:10.3402/tellusa.v35i2.11425.

    Parameters
    ----------
    surrogate
        Surrogate in evaluation mode, that of the forecasts.
    data
        Data of the forecasts, from ``neurop.evaluation.batches.check_compatible``.
    members
        Number of members.

    Raises
    ------
    InputError
        If there are fewer than two members; in a call, if a forecast starts too early for its
        earliest member.
    """

    surrogate: Surrogate
    data: FieldSet
    members: int = 4

    def __post_init__(self) -> None:
        if self.members < 2:
            raise InputError.of("members", self.members, "give at least 2")

    def __call__(self, frames: Tensor, starts: Sequence[Start], member: int) -> Tensor:
        """Return the input frames of a member; arguments as of :class:`Perturbation`."""
        if (least := min(first for _, first in starts)) < self.members - 1:
            earliest = self.members - 1
            remedy = f"{self.members} members need {earliest} frames before; start there or later"
            raise InputError.of("start", least, remedy)
        if member == 0:
            return frames
        past, data = frames.shape[1], self.data
        earlier = [(s, first - member) for s, first in starts]
        x = np.stack([data.values[s, first : first + past] for s, first in earlier])
        known = to_model_dtype(self.surrogate, x)
        lasts = [(s, first + past - 1) for s, first in earlier]
        given = given_at(self.surrogate, data, lasts, member, pad=True)
        made = self.surrogate.trajectory(known, member, given)
        return torch.cat([known, made.to(known)], 1)[:, -past:].to(frames)
