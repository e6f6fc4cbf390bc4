"""Block of a network whose modes follow a generator."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.layers.channel_mlp import ChannelMLP
from neurop.spectral import linear


class GeneratorBlock(nn.Module):
    r"""A step of the modes with a forcing by a channel MLP, and a pointwise path.

    .. math:: v \leftarrow \sigma\bigl(G(v, \alpha\,\mathrm{MLP}(v)) + \beta\,(W v + b)\bigr)

    with :math:`\sigma` the GELU, or the identity in the last block, and G a
    :class:`neurop.layers.SpectralConv` from v and the forcing to v, whose weight is a
    :class:`neurop.layers.filters.generator.Generator`. All blocks of a network share the two gates
    :math:`\alpha` and :math:`\beta`.

    Source: Li et al., Spectral generator neural operator, 2026, arXiv:2602.18801.

    Parameters
    ----------
    width
        Number of channels.
    convolution
        G, from twice `width` channels to `width`.
    last
        Whether the block has no activation.

    Shape
    -----
    ``(batch, *grid, width)`` and two numbers to ``(batch, *grid, width)``, channels last.

    Examples
    --------
    >>> from neurop.layers.filters.generator import Generator
    >>> from neurop.layers.spectral.spectral_conv import SpectralConv
    >>> step = SpectralConv(16, 8, (4, 4), weight=Generator((4, 4), 8))
    >>> one = torch.ones(())
    >>> GeneratorBlock(8, step)(torch.zeros(2, 16, 20, 8), one, one).shape
    torch.Size([2, 16, 20, 8])
    """

    def __init__(self, width: int, convolution: nn.Module, last: bool = False) -> None:
        super().__init__()
        self.mlp = ChannelMLP(width, 2 * width, width)
        self.skip = nn.Linear(width, width)
        self.spectral: Any = convolution
        self.last = last

    def forward(self, v: Tensor, forcing: Tensor, skip: Tensor) -> Tensor:
        """Return the field after the block, with the gates of forcing and pointwise path."""
        made = self.spectral.channels_last(torch.cat([v, forcing * self.mlp(v)], -1))
        made = made + skip * linear(v, self.skip.weight, self.skip.bias)
        return made if self.last else gelu(made)
