"""Perturbed initial states of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.forecasts import Start
from neurop.fields.fieldset import FieldSet
from neurop.spectral import resample


class Members(Protocol):
    """What an ensemble takes: other input frames for each of a number of members."""

    @property
    def members(self) -> int:
        """Number of members."""

    def __call__(self, frames: Tensor, starts: Sequence[Start], member: int) -> Tensor:
        """Return the input frames of a member; see :meth:`Perturbation.__call__`."""


@dataclass(frozen=True, eq=False)
class Perturbation:
    r"""Perturbed inputs: differences of random training states are added, scaled.

    .. math:: x_j = x + \frac{a}{\sqrt 2} (s - s')

    with the states s and s' of two training trajectories (or inputs of two samples of a map), drawn
    for each member and start. So the perturbations have the correlations of the fields in space,
    between fields and between input frames, on any domain and grid, and a times their deviation.

    Source: Magnusson, Nycander and Källén, Flow-dependent versus flow-independent initial
    perturbations for ensemble prediction, 2009, doi:10.1111/j.1600-0870.2008.00385.x.

    Parameters
    ----------
    train
        Training data.
    size
        Size a, above 0, in standard deviations of the training states.
    members
        Number of members.
    seed
        Seed of the draws, 0 or more.

    Raises
    ------
    InputError
        If a number is out of range, or there is one state in `train`.
    """

    train: FieldSet
    size: float = 0.01
    members: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.size) and self.size > 0):
            raise InputError.of("perturbation", self.size, "give a size above 0")
        if self.members < 2:
            raise InputError.of("members", self.members, "give at least 2")
        if self.seed < 0:
            raise InputError.of("seed", self.seed, "give 0 or more")
        if len(self.train) < 2 and self.train.values.shape[1] < 2:
            raise InputError.of("members", self.members, "the training data have one state only")

    def __call__(self, frames: Tensor, starts: Sequence[Start], member: int) -> Tensor:
        """Return perturbed input frames of a member, ``(start, history, channel, *grid)``.

        Parameters
        ----------
        frames
            Input frames.
        starts
            Sample and first frame of each.
        member
            Number of the member.
        """
        past, shape = frames.shape[1], tuple(frames.shape[3:])
        moved = np.stack([self._difference(start, member, past) for start in starts])
        change = torch.from_numpy(moved).to(frames)
        if tuple(change.shape[3:]) != shape:
            change = resample(change, self.train.grid, shape)
        return frames + self.size / 2**0.5 * change

    def _difference(self, start: Start, member: int, past: int) -> NDArray[np.float64]:
        rng = np.random.default_rng((self.seed, member, *start))
        several = len(self.train) > 1
        pair = rng.choice(len(self.train), 2, replace=not several)
        one, other = (self._state(int(sample), past, rng) for sample in pair)
        return one - other

    def _state(self, sample: int, past: int, rng: np.random.Generator) -> NDArray[np.float64]:
        last = max(self.train.length(sample) - past, 0)
        frame = int(rng.integers(last + 1))
        return np.asarray(self.train.values[sample, frame : frame + past], np.float64)
