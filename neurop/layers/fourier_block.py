"""The block of a Fourier neural operator."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.layers.channel_mlp import ChannelMLP
from neurop.layers.spectral_conv import SpectralConv
from neurop.physics.grid import Grid


class FourierBlock(nn.Module):
    r"""Spectral convolution, pointwise skip and channel MLP, as a residual step.

    .. math:: v \leftarrow v + \mathrm{MLP}\bigl(\mathrm{GELU}(K v + W v + b)\bigr)

    The residual stays outside the nonlinearity (Tran et al., Factorized FNO, 2023, arXiv:2111.13802, equation 5), which
    keeps deep stacks trainable; K and W are those of Li et al. (2021), equation 2.

    Parameters
    ----------
    width
        Number of channels.
    modes, domain, padding
        Of the :class:`SpectralConv`.
    expansion
        Hidden channels of the MLP, as a multiple of `width`.

    Shape
    -----
    ``(batch, *grid, width)`` to the same, channels last.
    """

    def __init__(self, width: int, modes: Sequence[int], domain: Grid, padding: float, expansion: float) -> None:
        super().__init__()
        self.spectral = SpectralConv(width, width, modes, domain, padding)
        self.skip = nn.Linear(width, width)
        self.mlp = ChannelMLP(width, max(round(expansion * width), 1), width)

    def forward(self, v: Tensor) -> Tensor:
        """Return the field one block later."""
        return v + self.mlp(gelu(self.spectral.channels_last(v) + self.skip(v)))
