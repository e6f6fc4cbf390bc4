"""Normalisation by statistics of the training split, computed in float64."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.fields.statistics import Moments
from neurop.geometry.grid import Grid
from neurop.spectral import resample


class Normalizer(nn.Module):
    r"""Affine map per channel, :math:`z = (x - \mu) / \sigma`, in physical units on the left.

    Parameters
    ----------
    mean
        ``(channels, *grid)``: one value per channel (grid axes of length 1), or one per point, such
        as a climatology.
    std
        ``(channels,)``.
    domain
        The grid of `mean`, which is evaluated spectrally on other grids.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor, domain: Grid) -> None:
        super().__init__()
        self.domain = domain
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    @classmethod
    def of(cls, moments: Moments, domain: Grid) -> Normalizer:
        """Return the normaliser of samples with these moments.

        The mean is per channel, or per point if the moments are; the standard deviation is of what
        is left, per channel.

        Raises
        ------
        InputError
            If there are no samples, or a channel is constant.
        """
        if not moments.count:
            raise InputError("no samples to fit the normaliser on; give a training split")
        mean = (
            moments.mean
            if moments.pointwise
            else moments.mean.reshape(-1, *[1] * domain.dimensions)
        )
        variance = moments.variance()
        largest = np.abs(mean).reshape(len(variance), -1).max(1)
        if (constant := np.flatnonzero(variance <= (1e-12 * largest) ** 2)).size:
            raise InputError(
                f"channel {constant[0]} is constant over the training split; remove it"
            )
        return cls(
            torch.from_numpy(mean).float(), torch.from_numpy(np.sqrt(variance)).float(), domain
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised field of ``(batch, frames * channels, *grid)``."""
        mean, std = self._over(x)
        return (x - mean) / std

    def inverse(self, z: Tensor) -> Tensor:
        """Return the physical field of a normalised one."""
        mean, std = self._over(z)
        return z * std + mean

    def _over(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation for the frames and the grid of `x`."""
        frames, shape = x.shape[1] // len(self.std), x.shape[2:]
        mean = self.mean
        if mean.shape[1:].numel() > 1 and mean.shape[1:] != shape:
            mean = resample(mean, self.domain, shape)
        return mean.repeat(frames, *[1] * len(shape)), self.std.repeat(frames).view(
            -1, *[1] * len(shape)
        )
