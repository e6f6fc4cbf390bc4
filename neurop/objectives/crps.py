"""Probabilistic training: the almost fair CRPS of an ensemble whose members differ in noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.noise_basis import resolved
from neurop.fields.noise_input import NoiseInput
from neurop.inference.domain import measure
from neurop.inference.ensemble import member
from neurop.metrics.crps import almost_fair_crps, fair_crps
from neurop.metrics.measure import Weights
from neurop.metrics.norms import scaled
from neurop.objectives.objective import Objective

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch

MODES = 16
"""Largest number of modes of the noise by default."""


class Crps(Objective):
    r"""Almost fair CRPS of the ensemble that a network with noise as input predicts.

    Each example is predicted `members` times, over all target frames (autoregressively), with other
    noise for every member and step (:class:`neurop.fields.noise_input.NoiseInput`), which any
    network takes as further input channels. The loss is the mean of
    :func:`neurop.metrics.crps.almost_fair_crps` over examples, steps and fields, with fields in
    units of their deviations in the training data. It is smallest when the distribution of the
    members at each point is that of the truth.

    The fair CRPS of a validation batch, with the same noise in every epoch, decides which weights
    are the best. ``val/relative_l2`` is the error of the prediction without noise.

    Parameters
    ----------
    members
        Members per example, 2 or more; the cost of a step is proportional to it.
    alpha
        Share of the fair score, from 0 to 1.
    noise_channels
        Number of noise fields, each twice as smooth as the one before.
    noise_modes
        Modes of the noise; by default those that the training grid resolves, at most 16.
    noise_correlation
        Correlation of the noise of one step with that of the next, from 0 to below 1.

    Raises
    ------
    InputError
        If a number is out of range; in a training, if the grid does not resolve the noise.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> objective = Crps(members=3)
    >>> surrogate = Surrogate.of(data, "fno", noise=objective.noise(data))
    >>> u = torch.as_tensor(data.values, dtype=torch.float32)
    >>> batch = {"input": u[:, :1], "target": u[:, 1:]}
    >>> list(objective(surrogate, batch, np.random.default_rng(0)))
    ['crps']

    References
    ----------
    Lang et al., AIFS-CRPS, 2024, arXiv:2412.15832; Bonev et al., FourCastNet 3, 2025,
    arXiv:2507.12144.
    """

    monitor: ClassVar[str] = "fair_crps"

    def __init__(
        self,
        members: int = 4,
        alpha: float = 0.95,
        noise_channels: int = 4,
        noise_modes: int | None = None,
        noise_correlation: float = 0.0,
    ) -> None:
        super().__init__()
        least = {"members": 2, "noise_channels": 1, "noise_modes": 1}
        numbers = (members, noise_channels, noise_modes)
        for (name, bound), value in zip(least.items(), numbers, strict=True):
            if value is not None and value < bound:
                raise InputError.of(name, value, f"give at least {bound}")
        if not 0 <= alpha <= 1:
            raise InputError.of("alpha", alpha, "give a number from 0 to 1")
        if not 0 <= noise_correlation < 1:
            raise InputError.of("noise_correlation", noise_correlation, "give 0 or more, below 1")
        self.members, self.alpha = members, alpha
        self.noise_channels, self.noise_modes = noise_channels, noise_modes
        self.noise_correlation = noise_correlation

    def noise(self, train: FieldSet) -> NoiseInput:
        """Return the noise for a training set; raise InputError if its grid does not resolve it."""
        most = resolved(train.grid, train.shape)
        modes = min(MODES, most) if self.noise_modes is None else self.noise_modes
        if modes > most:
            points = " x ".join(map(str, train.shape))
            remedy = f"{points} points resolve noise of {most} modes; give {most} or fewer"
            raise InputError.of("noise_modes", modes, remedy)
        return NoiseInput(self.noise_channels, modes, self.noise_correlation)

    def check(self, surrogate: Surrogate) -> None:
        """Raise InputError unless the surrogate takes noise."""
        if surrogate.noise is None:
            raise InputError.of(
                "noise", None, "the surrogate is deterministic; make it with noise=objective.noise"
            )

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the almost fair CRPS of the trajectories."""
        return {"crps": almost_fair_crps(*self._scaled(surrogate, batch, rng), self.alpha).mean()}

    def scores(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the fair CRPS of a validation batch."""
        return {"fair_crps": fair_crps(*self._scaled(surrogate, batch, rng)).mean()}

    def _scaled(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Weights]:
        """Return members and truth in units of the scale, and the cell measure."""
        frames, target, given = batch["input"], batch["target"], batch.get("given")
        one = member(surrogate, int(rng.integers(2**32)))
        rows = torch.cat([frames] * self.members)
        known = None if given is None else torch.cat([given] * self.members)
        predicted = one.trajectory(rows, target.shape[1], known)
        weights = measure(surrogate.card, target, given)
        x, y = (scaled(each, surrogate.scale, weights) for each in (predicted, target))
        return x.unflatten(0, (self.members, len(frames))), y, weights
