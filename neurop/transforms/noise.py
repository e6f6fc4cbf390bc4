"""White noise on the frames that go in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurop.errors import InputError
from neurop.transforms.transform import Batch, Setting, Transform, white_noise


@dataclass(frozen=True)
class Noise(Transform):
    r"""Add white noise to the input, while the target stays clean.

    .. math:: x \leftarrow x + s\,\sigma\,\xi, \qquad \xi \sim N(0, 1)

    with :math:`\sigma` the deviation of each field over the training set. It brings the input of a
    training step closer to what a surrogate meets on its own predictions.

    Parameters
    ----------
    std
        The factor s, above 0, for example 0.01.

    Raises
    ------
    InputError
        If the factor is not above 0.

    References
    ----------
    Sanchez-Gonzalez et al., Learning to simulate complex physics with graph networks, 2020,
    arXiv:2002.09405; Tran et al., Factorized Fourier neural operators, 2023, arXiv:2111.13802.
    """

    std: float = 0.01

    def __post_init__(self) -> None:
        if not self.std > 0:
            raise InputError.of("std", self.std, "give a number above 0, or leave the noise out")

    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the batch with a noisy input."""
        x = batch["input"]
        deviation = setting.norm.std.to(x).view(-1, *[1] * setting.grid.dimensions)
        return batch | {"input": x + self.std * deviation * white_noise(x, rng)}
