"""Transform-Once with a U-Net, T1+ (Poli et al., NeurIPS 2022, arXiv:2211.14453)."""

from __future__ import annotations

from collections.abc import Sequence

from neurop.geometry.grid import Grid
from neurop.layers import CoefficientUNet
from neurop.models.transform_once import TransformOnce


class TransformOncePlus(TransformOnce):
    r"""Transform-Once with a U-Net over the coefficients (T1+), in one to three dimensions.

    .. math:: u = T^{-1} Q\,(U \circ B)(P\,T a + b)

    in the notation of :class:`neurop.models.TransformOnce`, with U a residual
    :class:`neurop.layers.CoefficientUNet`. Its filters are shared by all modes, so it has far fewer
    parameters than layers with one matrix per mode. Unlike the published U-Net it takes all the
    lifted channels, and normalises each sample by itself.

    Parameters
    ----------
    in_channels, out_channels, domain, modes, width
        Arguments of :class:`neurop.models.TransformOnce`; at most three axes.
    levels
        Number of times that the U-Net halves the array of coefficients.
    channels
        Channels of its finest level; they double with each level.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        As :class:`neurop.models.TransformOnce`, and if `levels` or `channels` is below 1 or there
        are more than three axes.

    Examples
    --------
    >>> import torch
    >>> TransformOncePlus(1, 1, modes=(4, 4), width=8, channels=8)(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        levels: int = 2,
        channels: int = 32,
    ) -> None:
        super().__init__(in_channels, out_channels, domain, modes, width, depth=1)
        self.blocks.append(CoefficientUNet(width, self.transform.bases, levels, channels))
