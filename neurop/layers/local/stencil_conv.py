"""Convolution with the few points around each point of a flat grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.local.boundary_padding import BoundaryPadding
from neurop.spectral import check_input, check_waves, in_float32


class StencilConv(nn.Module, ABC):
    r"""Base class of convolutions by weights of the neighbouring points.

    .. math:: (K v)_o(x_i) = \sum_j \sum_c s_{ocj}\, v_c(x_{i+j})

    with the field continued beyond the ends of the axes by
    :class:`neurop.layers.local.boundary_padding.BoundaryPadding`. The stencil s is computed from
    the spacing of the grid, so that the layer is one map of functions at any resolution.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Flat grid of 1 to 3 axes.

    Shape
    -----
    ``(batch, in_channels, *grid)`` to ``(batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If the grid has more than 3 axes or one of Chebyshev points, or an input does not fit axes
        and channels.
    """

    def __init__(self, in_channels: int, out_channels: int, domain: Grid) -> None:
        super().__init__()
        if not 1 <= domain.dimensions <= 3:
            remedy = "convolutions of neighbouring points are for 1, 2 or 3 axes; use fno"
            raise InputError.of("domain", ", ".join(domain.names), remedy)
        check_waves(domain.axes, "a stencil")
        self.in_channels, self.out_channels, self.domain = in_channels, out_channels, domain

    @abstractmethod
    def stencil(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Return the stencil ``(out, in, 2 w_1 + 1, ...)`` of a grid of `shape` points."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution on the input's grid."""
        check_input(x, self.in_channels, self.domain.names)
        return self.channels_last(x.movedim(1, -1)).movedim(-1, 1)

    def channels_last(self, x: Tensor) -> Tensor:
        """Return the convolution of ``(batch, *grid, channels)``."""
        return convolve(x, self.domain, self)

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        return f"{self.in_channels}, {self.out_channels}, axes={self.domain.names}"


def convolve(x: Tensor, domain: Grid, *layers: StencilConv) -> Tensor:
    """Return the sum of stencil layers, as one convolution.

    Parameters
    ----------
    x
        Field ``(batch, *grid, channels)``.
    domain
        Flat grid, whose boundaries continue the field.
    layers
        Layers of equal numbers of channels.
    """

    def call(x: Tensor) -> Tensor:
        stencil = add_stencils(*(layer.stencil(x.shape[1:-1], x) for layer in layers))
        padding = BoundaryPadding(domain, [size // 2 for size in stencil.shape[2:]])
        apply = (functional.conv1d, functional.conv2d, functional.conv3d)[domain.dimensions - 1]
        # Channels last in memory is one of PyTorch's layouts, so nothing is copied.
        return apply(padding(x.movedim(-1, 1)), stencil).movedim(1, -1)

    y: Tensor = in_float32(call, x)
    return y


def add_stencils(*stencils: Tensor) -> Tensor:
    """Return the sum of stencils ``(out, in, *sizes)`` of odd sizes, aligned at their middles.

    Examples
    --------
    >>> add_stencils(torch.tensor([[[2.0]]]), torch.tensor([[[1.0, 1, 1]]])).tolist()
    [[[1.0, 3.0, 1.0]]]
    """
    sizes = [max(each) for each in zip(*(s.shape[2:] for s in stencils))]
    padded = []
    for s in stencils:
        margins = [(n - size) // 2 for n, size in zip(sizes, s.shape[2:])]
        padded.append(functional.pad(s, [w for m in reversed(margins) for w in (m, m)]))
    return torch.stack(padded).sum(0)
