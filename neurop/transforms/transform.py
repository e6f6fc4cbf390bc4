"""The base class of transforms of training batches, and the setting in which they are applied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurop.fields.normalizer import Normalizer
from neurop.geometry.grid import Grid

Batch = dict[str, Tensor]
"""``input`` ``(batch, history, channel, *grid)``, ``target`` ``(batch, steps, channel, *grid)``,
and, of data with conditions, ``given`` ``(batch, steps, channel, *grid)``.
"""


@dataclass(frozen=True)
class Setting:
    """Grid and statistics of the training data, the same for all batches.

    Parameters
    ----------
    grid
        Axes, boundaries and cell measure.
    shape
        Points per axis of the training data.
    norm
        Mean and standard deviation of the input fields over the training set.
    is_state
        Whether input and target are states of one evolution, rather than different fields.
    resolution_invariant
        Whether the network is the same operator on every grid.
    masked
        Whether the domain is a part of the grid.
    """

    grid: Grid
    shape: tuple[int, ...]
    norm: Normalizer
    is_state: bool
    resolution_invariant: bool = True
    masked: bool = False


class Transform(ABC):
    """Base class of transforms of training batches, random or deterministic.

    A subclass is a frozen dataclass of plain values.
    """

    def check(self, setting: Setting) -> None:  # noqa: B027 - most work anywhere
        """Raise InputError if the transform does not apply to this grid or problem."""

    @abstractmethod
    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the transformed batch.

        Parameters
        ----------
        batch
            Inputs and targets; not changed in place.
        setting
            Grid and normaliser.
        rng
            Random number generator of this batch, seeded by the run's seed and the step.
        progress
            Completed share of the training, from 0 to 1.
        """


def coin(rng: np.random.Generator, batch: Batch, share: float = 0.5) -> Tensor:
    """Return random booleans ``(batch, 1, ...)``, one per sample, true with probability `share`."""
    like = batch["input"]
    chosen = torch.from_numpy(rng.random(len(like)) < share)
    return chosen.to(like.device).view(-1, *[1] * (like.dim() - 1))


def white_noise(like: Tensor, rng: np.random.Generator) -> Tensor:
    """Return standard normal numbers of the shape of `like`, the same on every device."""
    seed = int(rng.integers(2**63))
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed)).to(like)
