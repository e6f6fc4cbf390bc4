"""Residual block whose nonlinearity comes before the convolution."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurop.errors import InputError
from neurop.layers.channel_mlp import ChannelMLP


class PreBlock(nn.Module):
    r"""Channel MLP, then spectral convolution, as a residual step.

    .. math:: v \leftarrow v + K\,\mathrm{MLP}(v)

    (McCabe et al., TMLR 2023, arXiv:2306.10619.) Whatever the nonlinearity adds, harmonics and
    their aliases included, passes the convolution before it reaches v: the block changes only the
    modes of K. In :class:`neurop.layers.FourierBlock` the nonlinearity is last.

    Parameters
    ----------
    width
        Number of channels.
    convolution
        K, from `width` channels to as many: a module with the methods of
        :class:`neurop.layers.SpectralConv`.
    expansion
        Number of hidden channels of the MLP, as a multiple of `width`.

    Shape
    -----
    ``(batch, *grid, width)`` to the same, channels last.

    Raises
    ------
    InputError
        If `expansion` is not above 0.

    Examples
    --------
    >>> import torch
    >>> from neurop.layers.spectral.spectral_conv import SpectralConv
    >>> block = PreBlock(8, SpectralConv(8, 8, modes=(4, 4)), expansion=2.0)
    >>> block(torch.zeros(2, 16, 20, 8)).shape
    torch.Size([2, 16, 20, 8])
    """

    def __init__(self, width: int, convolution: nn.Module, expansion: float) -> None:
        super().__init__()
        if not expansion > 0:
            raise InputError.of("expansion", expansion, "give a number above 0")
        self.mlp = ChannelMLP(width, max(round(expansion * width), 1), width)
        self.spectral: Any = convolution

    def forward(self, v: Tensor) -> Tensor:
        """Return the field after the block."""
        changed: Tensor = v + self.spectral.channels_last(self.mlp(v))
        return changed
