"""Training for long rollouts: noise on what goes in, steps without gradient before those of the
loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.surrogate import Surrogate


@dataclass(frozen=True)
class Stability:
    r"""Bring the input of a training step closer to what a surrogate meets on its own predictions.

    Parameters
    ----------
    noise
        Standard deviation of white noise that is added to the given frames, in deviations of each
        field over the training set; the target stays clean (Sanchez-Gonzalez et al., 2020,
        arXiv:2002.09405; F-FNO, arXiv:2111.13802, uses 0.01).
    pushforward
        Steps of the surrogate, from 0 to this many and drawn for each batch, that are made without
        gradient before those of the loss, which then starts from its own errors (Brandstetter et
        al., 2022, arXiv:2202.03376, section 3.1).
    seed
        Of noise and number of steps, which depend on it and on the number of the training step
        alone.

    Raises
    ------
    InputError
        If one of them is negative.

    Examples
    --------
    >>> Stability(pushforward=2).frames
    2
    """

    noise: float = 0.0
    pushforward: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("noise", self.noise), ("pushforward", self.pushforward)):
            if not value >= 0:
                raise InputError(f"training.{name}={value}; give 0 (none) or more")

    @property
    def frames(self) -> int:
        """Frames that a window needs beside its history and the steps of the loss."""
        return self.pushforward

    def __call__(
        self, surrogate: Surrogate, batch: dict[str, Tensor], number: tuple[int, ...] = ()
    ) -> dict[str, Tensor]:
        """Return the batch of a training step.

        Parameters
        ----------
        surrogate
            What is trained.
        batch
            ``input`` ``(batch, history, channel, *grid)`` and ``target`` ``(batch, steps +
            pushforward, channel, *grid)``.
        number
            What tells this step from others: the process, the step.

        Returns
        -------
        dict
            The frames that the loss starts from, and the `steps` targets behind them.
        """
        rng = np.random.default_rng((self.seed, *number))
        frames, target = batch["input"], batch["target"]
        ahead = int(rng.integers(self.pushforward + 1))
        steps = target.shape[1] - self.pushforward
        if self.noise:
            frames = frames + self._drawn(surrogate, frames, int(rng.integers(2**63)))
        if ahead:
            with torch.no_grad():
                made = surrogate.trajectory(frames, ahead)
            frames = torch.cat([frames, made], dim=1)[:, -frames.shape[1] :]
        return batch | {"input": frames, "target": target[:, ahead : ahead + steps]}

    def _drawn(self, surrogate: Surrogate, frames: Tensor, seed: int) -> Tensor:
        # Numbers of the CPU are the same whatever the device.
        white = torch.randn(frames.shape, generator=torch.Generator().manual_seed(seed)).to(frames)
        deviation = surrogate.input_norm.std.to(frames)
        return self.noise * deviation.view(-1, *[1] * (frames.dim() - 3)) * white
