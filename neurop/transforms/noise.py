"""White noise on the input frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurop.errors import InputError
from neurop.transforms.transform import Batch, Setting, Transform, white_noise


@dataclass(frozen=True)
class Noise(Transform):
    r"""Add white noise to the input, while the target stays clean.

    .. math:: x \leftarrow x + s\,\sigma\,\xi, \qquad \xi \sim N(0, 1)

    with :math:`\sigma` the standard deviation of each field over the training set. The noise stands
    for the errors of a surrogate's own predictions in a rollout.

    Parameters
    ----------
    std
        Factor s, above 0.

    Raises
    ------
    InputError
        If the factor is not above 0.

    Examples
    --------
    >>> import torch
    >>> from neurop import Grid
    >>> from neurop.fields.normalizer import Normalizer
    >>> grid = Grid.periodic(1)
    >>> norm = Normalizer(torch.zeros(1, 1), torch.full((1,), 10.0), grid)
    >>> setting = Setting(grid, (1000,), norm, is_state=True)
    >>> batch = {"input": torch.zeros(1, 1, 1, 1000)}
    >>> noisy = Noise(0.1)(batch, setting, np.random.default_rng(0), progress=0.0)["input"]
    >>> round(noisy.std().item(), 1)
    1.0

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
