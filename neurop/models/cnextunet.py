"""ConvNeXt U-Net of The Well (Ohana et al., NeurIPS 2024, arXiv:2412.00568)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers.conditioning.conditioning import Conditioning, Kind
from neurop.layers.local.conv import DoublingConv, HalvingConv, PaddedConv
from neurop.layers.local.convnext_block import ConvNeXtBlock, UnitNorm
from neurop.layers.local.position import Position
from neurop.models.arguments import at_least_one, check_input
from neurop.models.operator import GridOperator


class CNextUNet(GridOperator):
    r"""U-Net of ConvNeXt blocks in one to three dimensions, the CNextU-Net of The Well's benchmark.

    .. math:: v_0 = P\,[a, x], \quad v_{l+1} = D\,N B_l v_l, \quad w_L = U N B'_L B v_L, \quad
       w_l = U N B'_l\,S_l\,[w_{l+1}, v_l], \quad u = Q\,w_1

    with a the input, x the positions on axes that are not periodic, B and B' ConvNeXt blocks
    (:class:`neurop.layers.local.convnext_block.ConvNeXtBlock`), N a normalisation over the
    channels, D convolutions onto half of the points, U transposed ones back, S pointwise maps, P
    and Q convolutions of 3 points per axis. As in the benchmark the finest grid has blocks on the
    way down alone, and no skip connection.

    In place of zeros, every convolution is padded by the boundary of each axis
    (:class:`neurop.layers.local.boundary_padding.BoundaryPadding`), and on walls with points on
    them D and U have kernels of 3 points instead of 2, so that coarse grids have points on the
    walls. Sizes need not be divisible by :math:`2^L`; on periodic axes where they are, the network
    commutes with shifts by multiples of :math:`2^L` points.

    Unlike a spectral operator it is local and not resolution-invariant: kernels are a number of
    points, so on another grid than that of the training it is another operator. Fields are scalars:
    the components of a vector do not change sign across a pole.

    The benchmark has ``width=42, levels=4, depth=2`` (18.6 million parameters in two dimensions)
    and chooses a learning rate from 1e-4 to 1e-2 for each data set; the defaults are for a CPU.

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
        ConvNeXt blocks per level, on the way down and on the way up; the coarsest grid has one
        more.
    conditioning
        How parameters enter: ``channels``, as constant input channels, or ``film``, which also
        scale and shift the channels of every block after its normalisation
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
    >>> CNextUNet(1, 1, width=8, levels=2)(torch.zeros(2, 1, 16, 21)).shape
    torch.Size([2, 1, 16, 21])
    """

    citation = (
        "Ohana et al., The Well: a Large-Scale Collection of Diverse Physics Simulations for "
        "Machine Learning, NeurIPS 2024, arXiv:2412.00568"
    )
    resolution_invariant = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        width: int = 32,
        levels: int = 3,
        depth: int = 2,
        conditioning: Kind | Conditioning = "film",
    ) -> None:
        super().__init__()
        at_least_one(width=width, levels=levels, depth=depth)
        self.domain = domain = domain or Grid.periodic(2)
        self.in_channels = in_channels
        self.position = Position(domain)
        self.conditioning = known = Conditioning.of(conditioning, in_channels)

        def stage(channels: int) -> nn.ModuleList:
            blocks = (ConvNeXtBlock(channels, domain, known) for _ in range(depth))
            return nn.ModuleList([*blocks, UnitNorm(channels)])

        channels = [width * 2**level for level in range(levels + 1)]
        coarser = list(reversed(channels[1:]))
        self.enter = PaddedConv(in_channels + self.position.channels, width, domain)
        self.down = nn.ModuleList(stage(c) for c in channels[:-1])
        self.coarsen = nn.ModuleList(HalvingConv(c, 2 * c, domain) for c in channels[:-1])
        self.neck = ConvNeXtBlock(channels[-1], domain, known)
        self.merge = nn.ModuleList(PaddedConv(2 * c, c, domain, size=1) for c in coarser[1:])
        self.up = nn.ModuleList(stage(c) for c in coarser)
        self.refine = nn.ModuleList(DoublingConv(c, c // 2, domain) for c in coarser)
        self.leave = PaddedConv(width, out_channels, domain)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.in_channels, self.domain.names)
        v, numbers = self.enter(self.position(x)), self.conditioning.numbers(x)
        fields = []
        for down, coarsen in zip(self.down, self.coarsen, strict=True):
            fields.append(v)
            v = coarsen(_through(down, v, numbers))
        v = self.neck(v, numbers)
        for level, (up, refine) in enumerate(zip(self.up, self.refine, strict=True)):
            if level > 0:
                v = self.merge[level - 1](torch.cat([v, fields[-level]], dim=1))
            v = _through(up, v, numbers)
            v = cast(DoublingConv, refine)(v, tuple(fields[-1 - level].shape[2:]))
        y: Tensor = self.leave(v)
        return y


def _through(stage: nn.Module, v: Tensor, numbers: Tensor | None) -> Tensor:
    *blocks, norm = cast(nn.ModuleList, stage)
    for block in blocks:
        v = block(v, numbers)
    y: Tensor = norm(v)
    return y
