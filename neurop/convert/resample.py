"""Layers to and from coarser grids inside of a network: pooling, strides, upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from neurop.convert.scale import Scale


class Down(nn.Module):
    """Layer from a grid to a coarser one, whose spacing is physical.

    The field is restricted to the training grid, by the rule of the scale, and the trained layer
    applied there: an average becomes one over a physical window, a convolution with a stride one
    with physical offsets (a patch a physical patch), a maximum that of as many points at physical
    offsets. On the training grid it is the trained layer, bit for bit. The maximum is not that over
    all points of a ball, which rises with their number.

    Parameters
    ----------
    module
        The trained layer.
    trained
        Points per axis of its input in the training.
    scale
        Grids of the network.

    Examples
    --------
    >>> import torch
    >>> from neurop import Grid
    >>> scale = Scale(Grid.periodic(1), (4,), "means")
    >>> scale.present = (8,)
    >>> pool = Down(nn.AvgPool1d(2), (4,), scale)
    >>> pool(torch.arange(8.0)[None, None]).shape
    torch.Size([1, 1, 2])
    """

    def __init__(self, module: nn.Module, trained: Sequence[int], scale: Scale) -> None:
        super().__init__()
        self.module, self.trained, self.scale = module, tuple(trained), scale

    def forward(self, x: Tensor) -> Tensor:
        """Return the fields on the coarser grid of the training."""
        if tuple(x.shape[2:]) != self.trained:
            x = self.scale.restricted(x)
        y: Tensor = self.module(x)
        return y


class Up(nn.Module):
    """Layer from a coarser grid of the network to a finer one.

    The trained layer is applied on the grids of the training; where its output is on the grid of
    the network's input, it is interpolated linearly to the present one, with order 2. On the
    training grid it is the trained layer, bit for bit.

    Parameters
    ----------
    module
        The trained layer.
    made
        Points per axis of its output in the training.
    scale
        Grids of the network.

    Examples
    --------
    >>> import torch
    >>> from neurop import Grid
    >>> scale = Scale(Grid.periodic(1), (4,))
    >>> scale.present = (8,)
    >>> Up(nn.Upsample(scale_factor=2), (4,), scale)(torch.tensor([[[0.0, 4.0]]])).tolist()
    [[[0.0, 0.0, 0.0, 2.0, 4.0, 4.0, 4.0, 2.0]]]
    """

    def __init__(self, module: nn.Module, made: Sequence[int], scale: Scale) -> None:
        super().__init__()
        self.module, self.made, self.scale = module, tuple(made), scale

    def forward(self, x: Tensor, *shape: Any) -> Tensor:
        """Return the fields on the finer grid; a layer of neurop also takes its shape."""
        y: Tensor = self.module(x, *([self.made] if shape else []))
        return self.scale.refined(y) if self.made == self.scale.trained else y
