"""Normalisation by statistics of the training split, computed in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.fields.statistics import Moments
from neurop.geometry.grid import Grid
from neurop.spectral import resample

RESOLVED = 2.0**-21
"""Smallest deviation of a field relative to its mean: four times the float32 spacing.

Below it, rounding to float32 removes more than 7 per cent of the signal.
"""
SMALLEST, LARGEST = 1e-35, 1e35
"""Range of deviations and means, three decades inside the range of float32."""


class Normalizer(nn.Module):
    r"""Affine map per channel from physical to normalised fields, :math:`z = (x - \mu) / \sigma`.

    Parameters
    ----------
    mean
        Mean ``(channels, *grid)``: one value per channel (grid axes of length 1), or one per point,
        such as a climatology.
    std
        Standard deviation ``(channels,)``.
    domain
        Grid of `mean`, which is resampled spectrally to other grids.

    Examples
    --------
    >>> norm = Normalizer(torch.tensor([[3.0]]), torch.tensor([2.0]), Grid.periodic(1))
    >>> norm(torch.tensor([[[1.0, 3.0, 5.0]]]))
    tensor([[[-1.,  0.,  1.]]])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor, domain: Grid) -> None:
        super().__init__()
        self.domain = domain
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    @classmethod
    def of(cls, moments: Moments, domain: Grid, names: Sequence[str] = ()) -> Normalizer:
        """Return the normaliser of given moments.

        Parameters
        ----------
        moments
            Moments of the training split, in float64. The mean is per channel, or per point if the
            moments are; the standard deviation of the residual about the mean is per channel.
        domain
            Grid of the fields.
        names
            Names of the channels, for messages; their indices by default.

        Raises
        ------
        InputError
            If there are no samples, or a channel is constant, varies by less than float32 resolves
            at its mean (:data:`RESOLVED`), or lies outside the range of float32 (:data:`SMALLEST`,
            :data:`LARGEST`).
        """
        if not moments.count:
            raise InputError(
                "no samples to fit the normaliser on; give a training split", "samples", 0
            )
        mean = (
            moments.mean
            if moments.pointwise
            else moments.mean.reshape(-1, *[1] * domain.dimensions)
        )
        variance = moments.variance()
        largest = np.abs(mean).reshape(len(variance), -1).max(1)
        deviation = np.sqrt(variance)
        for channel, (size, std) in enumerate(zip(largest, deviation, strict=True)):
            _check(names[channel] if names else f"channel {channel}", float(size), float(std))
        return cls(torch.from_numpy(mean).float(), torch.from_numpy(deviation).float(), domain)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised field of ``(batch, frames * channels, *grid)``."""
        mean, std = self._over(x)
        return (x - mean) / std

    def inverse(self, z: Tensor) -> Tensor:
        r"""Return the physical field of a normalised one, :math:`x = \sigma z + \mu`."""
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


def _check(name: str, mean: float, deviation: float) -> None:
    """Raise InputError unless float32 resolves a field of this (largest) mean and deviation."""
    if deviation <= 1e-12 * mean:
        raise InputError(f"{name} is constant over the training split; remove it", "field", name)
    if not (deviation >= SMALLEST and max(mean, deviation) <= LARGEST):
        raise InputError(
            f"{name} has mean {mean:g} and deviation {deviation:g}; float32 needs {SMALLEST:g} to "
            f"{LARGEST:g}; use another unit",
            "field",
            name,
        )
    if deviation < RESOLVED * mean:
        raise InputError(
            f"{name} has mean {mean:g} and deviation {deviation:g}, less than {RESOLVED:.1e} of "
            "it, which float32 rounds away; "
            "subtract an offset from the data",
            "field",
            name,
        )
