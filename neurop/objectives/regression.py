"""Predictions compared with targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.metrics.norms import scaled
from neurop.objectives.objective import Objective
from neurop.objectives.relative_l2 import RelativeL2

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Regression(Objective):
    r"""Relative L2 error of the predicted trajectory; see
    :class:`neurop.objectives.relative_l2.RelativeL2`.

    A batch with S target frames is predicted by S steps of the surrogate, each on its own
    predictions, and gradients flow through all of them.

    With `pushforward` a number of steps, drawn for each batch from 0 to this many, is made without
    gradient before those of the loss, which then starts from the surrogate's own errors.

    Parameters
    ----------
    gradient
        Factor of the relative error of the gradient (H1), 0 or more.
    geometric
        Average over fields by the geometric mean.
    pushforward
        Largest number of steps without gradient, 0 or more.

    Raises
    ------
    InputError
        If a number is negative.

    References
    ----------
    Brandstetter, Worrall, Welling, Message passing neural PDE solvers, 2022, arXiv:2202.03376,
    section 3.1.
    """

    def __init__(
        self, gradient: float = 0.0, geometric: bool = False, pushforward: int = 0
    ) -> None:
        super().__init__()
        if pushforward < 0:
            raise InputError.of("pushforward", pushforward, "give 0 or more")
        self.loss, self.pushforward = RelativeL2(gradient, geometric), pushforward

    @property
    def extra_frames(self) -> int:
        """Frames for the steps without gradient."""
        return self.pushforward

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the loss of the trajectory."""
        frames, target = self._pushed(surrogate, batch["input"], batch["target"], rng)
        predicted = surrogate.trajectory(frames, target.shape[1])
        weights = surrogate.card.grid.measure(target.shape[3:], target)
        fields = (scaled(x, surrogate.scale, weights) for x in (predicted, target))
        return {"relative_l2": self.loss(*fields, weights)}

    def _pushed(
        self, surrogate: Surrogate, frames: Tensor, target: Tensor, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the frames that the loss starts from, and the targets after them."""
        ahead = int(rng.integers(self.pushforward + 1))
        if ahead:
            with torch.no_grad():
                made = surrogate.trajectory(frames, ahead)
            frames = torch.cat([frames, made], dim=1)[:, -frames.shape[1] :]
        return frames, target[:, ahead : ahead + target.shape[1] - self.pushforward]
