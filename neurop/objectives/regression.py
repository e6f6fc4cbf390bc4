"""Supervised training: the error of predictions compared with targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.inference.domain import measure
from neurop.metrics.norms import scaled
from neurop.objectives.objective import Objective
from neurop.objectives.relative_l2 import RelativeL2

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Regression(Objective):
    r"""Relative L2 error of the predicted trajectory.

    S target frames are predicted by S autoregressive steps of the surrogate, and gradients flow
    through all of them. The error is that of :class:`neurop.objectives.relative_l2.RelativeL2`.

    With `pushforward` (Brandstetter et al.) each batch first makes a random number of steps without
    gradient, from 0 to `pushforward`, so that the loss starts from the surrogate's own errors.

    Parameters
    ----------
    gradient
        Factor of the relative error of the gradient (H1), 0 or more.
    geometric
        Whether fields are averaged by the geometric mean.
    pushforward
        Largest number of steps without gradient, 0 or more.

    Raises
    ------
    InputError
        If a number is negative.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> u = torch.as_tensor(data.values, dtype=torch.float32)
    >>> batch = {"input": u[:, :1], "target": u[:, 1:]}
    >>> list(Regression()(Surrogate.of(data, "fno"), batch, np.random.default_rng(0)))
    ['relative_l2']

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
        """Largest number of frames for the steps without gradient."""
        return self.pushforward

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the loss of the trajectory."""
        frames, target, given = self._pushed(surrogate, batch, rng)
        predicted = surrogate.trajectory(frames, target.shape[1], given)
        weights = measure(surrogate.card, target, given)
        fields = (scaled(x, surrogate.scale, weights) for x in (predicted, target))
        return {"relative_l2": self.loss(*fields, weights)}

    def _pushed(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the initial frames of the loss, and the targets after them."""
        frames, target, given = batch["input"], batch["target"], batch.get("given")
        ahead = int(rng.integers(self.pushforward + 1))
        if ahead:
            with torch.no_grad():
                made = surrogate.trajectory(frames, ahead, given)
            frames = torch.cat([frames, made], dim=1)[:, -frames.shape[1] :]
        part = slice(ahead, ahead + target.shape[1] - self.pushforward)
        return frames, target[:, part], None if given is None else given[:, part]
