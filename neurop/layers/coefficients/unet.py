"""A U-Net over coefficients: convolutions couple neighbouring modes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, group_norm, interpolate

from neurop.errors import InputError
from neurop.spectral import Basis, Fourier, at_least_one

_CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class CoefficientUNet(nn.Module):
    r"""Residual U-Net over coefficients as an image of the modes: :math:`z \leftarrow z + U z`.

    The cosines and the sines of a periodic axis are two images of the same frequencies, stacked as
    channels (the sine of frequency 0 is zero), so that neighbours in the image are neighbours in
    frequency. Each level halves the image.

    Before each nonlinearity a sample's image is centred and scaled to unit variance over modes and
    channels (layer normalisation). The coefficients of a smooth field decay by orders of magnitude
    with frequency, and one scale per sample preserves that decay; unlike batch normalisation it
    does not depend on the other samples. Normalising each mode separately amplifies rounding errors
    of the highest modes to the size of the signal, at half of the accuracy in experiments.

    Source: Poli et al., Transform once, NeurIPS 2022, arXiv:2211.14453 (T1+).

    Parameters
    ----------
    width
        Number of channels.
    bases
        Basis of each axis, at most three.
    levels
        Number of times that the image is halved.
    channels
        Number of channels of the finest level; it doubles with each level.

    Raises
    ------
    InputError
        If there are more than three axes, or `levels` or `channels` is below 1.

    Shape
    -----
    ``(batch, *sizes of the bases, width)`` to the same.

    Examples
    --------
    >>> unet = CoefficientUNet(4, (Fourier(6), Fourier(5)), levels=2, channels=8)
    >>> unet(torch.zeros(2, 11, 9, 4)).shape
    torch.Size([2, 11, 9, 4])
    """

    def __init__(
        self, width: int, bases: Sequence[Basis], levels: int = 2, channels: int = 32
    ) -> None:
        super().__init__()
        at_least_one(levels=levels, channels=channels)
        if len(bases) > len(_CONV):
            raise InputError(
                f"{len(bases)} axes; a U-Net over coefficients has 1, 2 or 3", "bases", len(bases)
            )
        self.bases = tuple(bases)
        conv = _CONV[len(bases) - 1]
        images = width * 2 ** sum(isinstance(basis, Fourier) for basis in bases)
        finer = [channels * 2**level for level in range(levels)]
        self.enter = conv(images, channels, 3, padding=1)
        self.down = nn.ModuleList(conv(c, 2 * c, 3, stride=2, padding=1) for c in finer)
        self.up = nn.ModuleList(conv(3 * c, c, 3, padding=1) for c in reversed(finer))
        self.leave = conv(channels, images, 1)

    def forward(self, z: Tensor) -> Tensor:
        """Return the coefficients after one pass of the network."""
        v = self.enter(self._image(z))
        skips = []
        for down in self.down:
            skips.append(v)
            v = down(_normal(v))
        for up, skip in zip(self.up, reversed(skips), strict=True):
            v = up(_normal(torch.cat([interpolate(v, skip.shape[2:]), skip], dim=1)))
        return z + self._coefficients(self.leave(_normal(v)))

    def _image(self, z: Tensor) -> Tensor:
        """Return ``(batch, width * images, *modes)``."""
        for axis, basis in enumerate(self.bases, start=1):
            if isinstance(basis, Fourier):
                cosine, sine = z.split([basis.modes, basis.modes - 1], dim=axis)
                z = torch.cat(
                    [
                        cosine,
                        torch.cat([torch.zeros_like(cosine.narrow(axis, 0, 1)), sine], dim=axis),
                    ],
                    dim=-1,
                )
        return z.movedim(-1, 1)

    def _coefficients(self, v: Tensor) -> Tensor:
        """Return ``(batch, *sizes, width)``."""
        v = v.movedim(1, -1)
        for axis, basis in reversed([*enumerate(self.bases, start=1)]):
            if isinstance(basis, Fourier):
                cosine, sine = v.chunk(2, dim=-1)
                v = torch.cat([cosine, sine.narrow(axis, 1, basis.modes - 1)], dim=axis)
        return v


def _normal(v: Tensor) -> Tensor:
    return gelu(group_norm(v, 1))
