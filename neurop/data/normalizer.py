"""Normalisation by statistics of the training split, computed in float64."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.physics.grid import Grid
from neurop.spectral import resample


class Normalizer(nn.Module):
    r"""Affine map per channel, :math:`z = (x - \mu) / \sigma`, in physical units on the left.

    Parameters
    ----------
    mean
        ``(channels, *grid)``: one value per channel (grid axes of length 1), or one per point, such as a climatology.
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
    def fit(cls, samples: Iterable[NDArray[Any]], domain: Grid, pointwise: bool = False) -> Normalizer:
        r"""Return the normaliser of samples ``(time, channel, *grid)``, in one float64 pass.

        The mean is per channel, or with `pointwise` per point; the standard deviation is of what is left, per channel.
        The moments of one sample are merged into those of the samples before it by
        :math:`M \leftarrow M + M' + \delta^2\, n n' / (n + n')`, :math:`\delta` the difference of the means
        (Chan, Golub and LeVeque, 1983).

        Raises
        ------
        InputError
            If there are no samples, or a channel is constant.
        """
        count, mean, scatter = 0, np.zeros(()), np.zeros(())
        for sample in samples:
            x = np.asarray(sample, np.float64)
            axes = (0,) if pointwise else (0, *range(2, x.ndim))
            new, m = x.size // x.mean(axes).size, x.mean(axes, keepdims=True)
            delta = m - mean
            scatter = scatter + np.square(x - m).sum(axes, keepdims=True) + delta**2 * count * new / (count + new)
            mean = mean + delta * new / (count + new)
            count += new
        if not count:
            raise InputError("no samples to fit the normaliser on; give a training split")
        variance = scatter[0].reshape(len(scatter[0]), -1).mean(1) / count
        largest = np.abs(mean[0]).reshape(len(variance), -1).max(1)
        if (constant := np.flatnonzero(variance <= (1e-12 * largest) ** 2)).size:
            raise InputError(f"channel {constant[0]} is constant over the training split; remove it")
        return cls(torch.from_numpy(mean[0]).float(), torch.from_numpy(np.sqrt(variance)).float(), domain)

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
        return mean.repeat(frames, *[1] * len(shape)), self.std.repeat(frames).view(-1, *[1] * len(shape))
