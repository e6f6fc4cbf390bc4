"""U-Net of residual blocks, padded by the boundary of each axis (arXiv:1505.04597)."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.geometry.grid import Grid
from neurop.layers.conditioning.conditioning import Conditioning, Kind
from neurop.layers.local.conv import PaddedConv
from neurop.layers.local.position import Position
from neurop.layers.local.residual_block import ResidualBlock, group_norm
from neurop.layers.local.resize import Double, Halve
from neurop.models.arguments import at_least_one, check_input
from neurop.models.operator import GridOperator


class UNet(GridOperator):
    r"""U-Net in one to three dimensions: residual blocks on successively halved grids, and back.

    .. math:: v_0 = P\,[a, x], \quad s_l = B_l v_l, \quad v_{l+1} = D s_l, \quad
       w_L = B_L v_L, \quad w_l = B'_l\,[U w_{l+1}, s_l], \quad u = Q\,w_0

    with a the input, x the positions on axes that are not periodic, B and B' residual blocks
    (:class:`neurop.layers.local.residual_block.ResidualBlock`), D averages, U linear interpolation
    (:mod:`neurop.layers.local.resize`), P and Q convolutions. Every convolution is padded by the
    boundary of each axis (:class:`neurop.layers.local.boundary_padding.BoundaryPadding`): periodic
    axes and longitudes wrap around, latitudes continue across the poles. Sizes need not be
    divisible by :math:`2^L`; on periodic axes where they are, the network commutes with shifts by
    multiples of :math:`2^L` points.

    Unlike a spectral operator it is local and not resolution-invariant: kernels are a number of
    points, so on another grid than that of the training it is another operator. Fields are scalars:
    the components of a vector do not change sign across a pole, and convolutions are in grid
    points, whatever their distance on the sphere.

    With averages, interpolation, pre-activation and group normalisation it follows Gupta and
    Brandstetter, Towards multi-spatiotemporal-scale generalized PDE modeling, TMLR 2023,
    arXiv:2209.15616, rather than the first U-Net.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields, of one to three axes; a periodic plane by default.
    width
        Channels of the finest grid; they double with each level.
    levels
        Number L of times that the grid is halved.
    depth
        Residual blocks per level, on the way down and on the way up.
    conditioning
        How parameters enter: ``channels``, as constant input channels, or ``film``, which also
        scale and shift the channels of every block after its second normalisation
        (:class:`neurop.layers.conditioning.conditioning.Conditioning`).

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `width`, `levels` or `depth` is below 1, or the domain has more than three axes; in a
        call, if the input does not fit the model.

    Examples
    --------
    >>> UNet(1, 1, width=8, levels=2)(torch.zeros(2, 1, 16, 21)).shape
    torch.Size([2, 1, 16, 21])
    """

    citation = (
        "Ronneberger et al., U-Net: Convolutional Networks for Biomedical Image Segmentation, "
        "MICCAI 2015, arXiv:1505.04597"
    )
    resolution_invariant = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        width: int = 32,
        levels: int = 3,
        depth: int = 1,
        conditioning: Kind | Conditioning = "film",
    ) -> None:
        super().__init__()
        at_least_one(width=width, levels=levels, depth=depth)
        self.domain = domain = domain or Grid.periodic(2)
        self.in_channels = in_channels
        self.position = Position(domain)
        self.conditioning = known = Conditioning.of(conditioning, in_channels)

        def blocks(first: int, channels: int) -> nn.ModuleList:
            sizes = pairwise([first, *[channels] * depth])
            return nn.ModuleList(ResidualBlock(a, b, domain, known) for a, b in sizes)

        channels = [width * 2**level for level in range(levels + 1)]
        finer = [width, *channels[:-1]]
        self.enter = PaddedConv(in_channels + self.position.channels, width, domain)
        self.down = nn.ModuleList(blocks(a, b) for a, b in zip(finer, channels))
        self.halves = nn.ModuleList(Halve(domain) for _ in range(levels))
        self.doubles = nn.ModuleList(Double(domain) for _ in range(levels))
        self.up = nn.ModuleList(blocks(3 * c, c) for c in reversed(channels[:-1]))
        self.norm = group_norm(width)
        self.leave = PaddedConv(width, out_channels, domain)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.in_channels, self.domain.names)
        v, numbers = self.enter(self.position(x)), self.conditioning.numbers(x)
        *above, coarsest = self.down
        skips = []
        for down, halve in zip(above, self.halves, strict=True):
            skips.append(_through(down, v, numbers))
            v = halve(skips[-1])
        v = _through(coarsest, v, numbers)
        for up, double, skip in zip(self.up, self.doubles, reversed(skips), strict=True):
            fine = double(v, tuple(skip.shape[2:]))
            v = _through(up, torch.cat([fine, skip], dim=1), numbers)
        y: Tensor = self.leave(gelu(self.norm(v)))
        return y


def _through(blocks: nn.Module, v: Tensor, numbers: Tensor | None) -> Tensor:
    for block in cast(nn.ModuleList, blocks):
        v = block(v, numbers)
    return v
