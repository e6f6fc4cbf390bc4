"""Convolutions over neighbouring points, in one to three dimensions."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.local.boundary_padding import BoundaryPadding, pad_axis
from neurop.layers.local.resize import nested

_CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class PaddedConv(nn.Module):
    r"""Convolution with a small kernel, padded by the boundary of each axis.

    .. math:: y_o(j) = b_o + \sum_i \sum_{|k| \le (n-1)/2} W_{oi}(k)\,x_i(j + k)

    The kernel is a number of points, not a length: on another grid it is another operator.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Grid of the fields, of one to three axes.
    size
        Odd number of points n of the kernel along each axis.
    depthwise
        Whether each channel has a kernel of its own and no channels are mixed.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If the domain has more than three axes.

    Examples
    --------
    >>> import torch
    >>> PaddedConv(2, 3, Grid.periodic(2))(torch.zeros(1, 2, 8, 5)).shape
    torch.Size([1, 3, 8, 5])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid,
        size: int = 3,
        depthwise: bool = False,
    ) -> None:
        super().__init__()
        self.padding = BoundaryPadding(domain, size // 2)
        groups = in_channels if depthwise else 1
        self.conv = _of(_CONV, domain)(in_channels, out_channels, size, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolved fields."""
        y: Tensor = self.conv(self.padding(x))
        return y


class HalvingConv(nn.Module):
    """Convolution onto half of the points, rounded up.

    The kernel has the points that :func:`neurop.layers.local.resize.halve` averages: 2, or 3 on an
    axis of nested grids.

    Parameters
    ----------
    in_channels, out_channels, domain
        Arguments of :class:`PaddedConv`.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *coarse grid)``.

    Examples
    --------
    >>> import torch
    >>> HalvingConv(2, 3, Grid.periodic(2))(torch.zeros(1, 2, 8, 5)).shape
    torch.Size([1, 3, 4, 3])
    """

    def __init__(self, in_channels: int, out_channels: int, domain: Grid) -> None:
        super().__init__()
        self.domain = domain
        sizes = _sizes(domain)
        self.conv = _of(_CONV, domain)(in_channels, out_channels, sizes, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the fields on the coarse grid."""
        for index, (axis, n) in enumerate(zip(self.domain.axes, x.shape[2:], strict=True)):
            x = pad_axis(x, self.domain, index, int(nested(axis)), n % 2)
        y: Tensor = self.conv(x)
        return y


class DoublingConv(nn.Module):
    """Transposed convolution from a halved grid back to the grid of a given shape.

    The kernel has the points of :class:`HalvingConv`.

    Parameters
    ----------
    in_channels, out_channels, domain
        Arguments of :class:`PaddedConv`.

    Shape
    -----
    ``(batch, in_channels, *coarse grid) -> (batch, out_channels, *shape)``.

    Examples
    --------
    >>> import torch
    >>> DoublingConv(2, 3, Grid.periodic(2))(torch.zeros(1, 2, 4, 3), (8, 5)).shape
    torch.Size([1, 3, 8, 5])
    """

    def __init__(self, in_channels: int, out_channels: int, domain: Grid) -> None:
        super().__init__()
        self.domain = domain
        sizes = _sizes(domain)
        self.conv = _of(_TRANSPOSED, domain)(in_channels, out_channels, sizes, stride=2)

    def forward(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Return the fields on the grid of `shape`, twice the points of `x` or one less."""
        for index, axis in enumerate(self.domain.axes):
            # The last of an even number of nested points lies between two coarse ones.
            x = pad_axis(x, self.domain, index, 0, int(nested(axis)) * (1 - shape[index] % 2))
        y: Tensor = self.conv(x)
        for dim, (axis, n) in enumerate(zip(self.domain.axes, shape, strict=True), start=2):
            y = y.narrow(dim, int(nested(axis)), n)
        return y


def _sizes(domain: Grid) -> tuple[int, ...]:
    """Return the points of a kernel between a grid and its half, per axis."""
    return tuple(3 if nested(axis) else 2 for axis in domain.axes)


def _of(kinds: tuple[Any, ...], domain: Grid) -> Any:
    """Return the convolution of the domain's dimension."""
    if domain.dimensions > len(kinds):
        raise InputError(
            f"{domain.dimensions} axes; local convolutions take 1, 2 or 3",
            "domain",
            domain.dimensions,
        )
    return kinds[domain.dimensions - 1]
