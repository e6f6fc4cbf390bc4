"""A Fourier block after a local operator."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.local.difference_conv import DifferenceConv
from neurop.layers.local.disco import DiscoConv
from neurop.layers.local.integral_conv import IntegralConv
from neurop.layers.local.sphere_difference import SphereDifference
from neurop.layers.local.stencil_conv import convolve
from neurop.layers.spectral.fourier_block import FourierBlock
from neurop.spectral import linear

SHARE = 3
"""Channels of a block per channel of its local operator."""
GAIN = 0.3
"""Size of the local branch before the training, relative to the field."""


class LocalOperator(nn.Module):
    r"""Sum of a local integral and a derivative, in a few channels.

    .. math:: L v = B\,(K + D)\,A v

    with pointwise A and B, K of :class:`neurop.layers.local.integral_conv.IntegralConv` and D of
    :class:`neurop.layers.local.difference_conv.DifferenceConv`, on a full sphere those of
    :class:`neurop.layers.local.disco.DiscoConv` and
    :class:`neurop.layers.local.sphere_difference.SphereDifference`. K and D mix fewer channels than
    the field has, because they cost a pass over the field for each of their neighbouring points.

    Parameters
    ----------
    width
        Channels of the field.
    channels
        Channels of K and D.
    domain
        Flat grid of 1 to 3 axes, or full sphere.
    radius
        Radius of the kernel, and unit of the derivative, as a fraction of the domain (of the half
        circle, on a sphere).

    Shape
    -----
    ``(batch, *grid, width)`` to the same, channels last.

    Examples
    --------
    >>> import torch
    >>> LocalOperator(6, 2, Grid.periodic(2), 0.1)(torch.zeros(1, 8, 8, 6)).shape
    torch.Size([1, 8, 8, 6])
    """

    def __init__(self, width: int, channels: int, domain: Grid, radius: float) -> None:
        super().__init__()
        self.domain = domain
        self.reduce = nn.Linear(width, channels)
        self.integral: Any
        self.difference: Any
        kinds = (
            (DiscoConv, SphereDifference)
            if isinstance(domain, Sphere) and domain.is_whole
            else (IntegralConv, DifferenceConv)
        )
        self.integral, self.difference = (
            kind(channels, channels, domain, radius) for kind in kinds
        )
        self.expand = nn.Linear(channels, width)
        nn.init.normal_(self.expand.weight, std=GAIN / channels**0.5)

    def forward(self, v: Tensor) -> Tensor:
        """Return L v."""
        few = linear(v, self.reduce.weight, self.reduce.bias)
        if isinstance(self.integral, IntegralConv):
            few = convolve(few, self.domain, self.integral, self.difference)
        else:
            few = self.integral.channels_last(few) + self.difference.channels_last(few)
        return linear(few, self.expand.weight, self.expand.bias)


class LocalBlock(nn.Module):
    r"""A local operator, then a :class:`neurop.layers.FourierBlock`.

    .. math:: u = v + L v, \qquad v \leftarrow u + \mathrm{MLP}\bigl(\mathrm{GELU}(K u + W u +
       b)\bigr)

    Within the nonlinearity this is the sum of the branches of the paper, :math:`K v + W v + W L v`:
    :math:`K L v` is one more convolution with few modes. In this order the block remains one fused
    pass over the field.

    Parameters
    ----------
    block
        The Fourier block.
    local
        L, from the channels of the block to as many.

    Shape
    -----
    ``(batch, *grid, width)`` to the same, channels last.

    Examples
    --------
    >>> import torch
    >>> from neurop.layers import SpectralConv
    >>> domain = Grid.periodic(1)
    >>> inner = FourierBlock(6, SpectralConv(6, 6, (4,), domain), expansion=1.0)
    >>> block = LocalBlock(inner, LocalOperator(6, 2, domain, 0.1))
    >>> block(torch.zeros(1, 16, 6)).shape
    torch.Size([1, 16, 6])
    """

    def __init__(self, block: FourierBlock, local: nn.Module) -> None:
        super().__init__()
        self.block, self.local = block, local

    def forward(self, v: Tensor) -> Tensor:
        """Return the field after the block."""
        return self.step(v)[0]

    def step(self, v: Tensor, *_: Any) -> tuple[Tensor, None]:
        """Return the field after the block; there is no spectrum to pass on.

        The next block transforms its field after its local operator.
        """
        return self.block.step(v + self.local(v))[0], None

    @property
    def spectral(self) -> Any:
        """The spectral convolution."""
        return self.block.spectral
