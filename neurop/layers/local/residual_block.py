"""Residual block of two convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.geometry.grid import Grid
from neurop.layers.conditioning.conditioning import Conditioning
from neurop.layers.local.conv import PaddedConv

_GROUP = 4
"""Least number of channels that are normalised together."""


class ResidualBlock(nn.Module):
    r"""Residual block with normalisation before each of two convolutions (pre-activation).

    .. math:: v \leftarrow S v + K_2\,\sigma\,N_2\,K_1\,\sigma\,N_1\,v

    with K convolutions of 3 points per axis, N group normalisations (up to 8 groups),
    :math:`\sigma` GELU, and S the identity, or a pointwise map if the number of channels changes.
    With a conditioning by ``film``, :math:`N_2` is followed by a scale and a shift of its channels
    (adaptive group normalisation).

    Source: He et al., Identity mappings in deep residual networks, ECCV 2016, arXiv:1603.05027; Wu
    and He, Group normalization, ECCV 2018, arXiv:1803.08494.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Grid of the fields.
    conditioning
        How numbers enter; not at all by default.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Examples
    --------
    >>> ResidualBlock(4, 8, Grid.periodic(2))(torch.zeros(1, 4, 8, 5)).shape
    torch.Size([1, 8, 8, 5])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid,
        conditioning: Conditioning | None = None,
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(map(group_norm, (in_channels, out_channels)))
        self.convs = nn.ModuleList(
            PaddedConv(channels, out_channels, domain) for channels in (in_channels, out_channels)
        )
        self.skip = (
            nn.Identity()
            if in_channels == out_channels
            else PaddedConv(in_channels, out_channels, domain, size=1)
        )
        self.films = (conditioning or Conditioning()).films([out_channels])

    def forward(self, v: Tensor, numbers: Tensor | None = None) -> Tensor:
        """Return the fields after the block.

        Parameters
        ----------
        v
            Fields ``(batch, in_channels, *grid)``.
        numbers
            Numbers of each sample, ``(batch, numbers)``, for a conditioning by ``film``.
        """
        branch = self.convs[0](gelu(self.norms[0](v)))
        branch = self.norms[1](branch)
        for film in self.films:
            branch = film(branch, numbers)
        return torch.add(self.skip(v), self.convs[1](gelu(branch)))


def group_norm(channels: int) -> nn.GroupNorm:
    """Return a group normalisation with 8, 4, 2 or 1 groups of at least 4 channels.

    Examples
    --------
    >>> [group_norm(channels).num_groups for channels in (32, 24, 20, 6)]
    [8, 2, 1, 1]
    """
    groups = next(g for g in (8, 4, 2, 1) if g == 1 or channels % (_GROUP * g) == 0)
    return nn.GroupNorm(groups, channels)
