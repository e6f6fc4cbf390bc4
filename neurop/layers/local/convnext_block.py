"""ConvNeXt block: a wide kernel per channel, then a pointwise MLP."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from neurop.geometry.grid import Grid
from neurop.layers.channel_mlp import ChannelMLP
from neurop.layers.conditioning.conditioning import Conditioning
from neurop.layers.conditioning.film import FiLM
from neurop.layers.local.conv import PaddedConv

_EXPANSION = 4
_EPSILON = 1e-6


class ConvNeXtBlock(nn.Module):
    r"""ConvNeXt block: depthwise convolution, layer normalisation, inverted bottleneck.

    .. math:: v \leftarrow v + \gamma \odot
       \bigl[W_2\,\mathrm{GELU}\bigl(W_1 N (K v) + b_1\bigr) + b_2\bigr]

    with K a convolution of 7 points per axis within each channel, N the normalisation over the
    channels of each point, :math:`W_1` to four times the channels, and :math:`\gamma` one factor
    per channel (layer scale), 1e-6 at initialisation: the block starts as the identity.

    Source: Liu et al., A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545.

    Parameters
    ----------
    channels
        Number of channels.
    domain
        Grid of the fields.
    conditioning
        How numbers enter: by ``film`` N is followed by a scale and a shift of its channels; not at
        all by default.

    Shape
    -----
    ``(batch, channels, *grid)`` to the same.

    Examples
    --------
    >>> v = torch.ones(1, 4, 8, 5)
    >>> bool((ConvNeXtBlock(4, Grid.periodic(2))(v) - v).abs().max() < 1e-5)
    True
    """

    def __init__(
        self, channels: int, domain: Grid, conditioning: Conditioning | None = None
    ) -> None:
        super().__init__()
        self.conv = PaddedConv(channels, channels, domain, size=7, depthwise=True)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.mlp = ChannelMLP(channels, _EXPANSION * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 1e-6))
        self.films = (conditioning or Conditioning()).films([channels])

    def forward(self, v: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Return the fields after the block; the arguments are those of the U-Net's block."""
        branch = self.norm(self.conv(v).movedim(1, -1))
        if numbers is not None:
            for film in self.films:
                branch = cast(FiLM, film).channels_last(branch, numbers)
        return torch.add(v, (self.scale * self.mlp(branch)).movedim(-1, 1))


class UnitNorm(nn.Module):
    r"""Scale the channels of each point to Euclidean norm 1, then by a learnt factor each.

    .. math:: v_c \leftarrow g_c\,v_c \,/\, \max(\lVert v \rVert_2, 10^{-6})

    Parameters
    ----------
    channels
        Number of channels.

    Shape
    -----
    ``(batch, channels, *grid)`` to the same.

    Examples
    --------
    >>> UnitNorm(2)(torch.tensor([[[3.0], [4.0]]])).flatten().tolist()
    [0.6000000238418579, 0.800000011920929]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, v: Tensor) -> Tensor:
        """Return the scaled channels."""
        return normalize(v, dim=1, eps=_EPSILON) * self.weight.view(-1, *[1] * (v.dim() - 2))
