r"""Pointwise linear maps that commute with a group of rotations and reflections.

The channels of a layer are functions of the group, ``(batch, *grid, |G| * width)`` with the group
outermost. Moved by an element :math:`\gamma`, they are :math:`v_{\gamma^{-1} g}(\gamma^{-1} x)`; a
scalar field is :math:`a(\gamma^{-1} x)`, and a pseudoscalar one has the sign of :math:`\gamma`
too, -1 of a reflection.

Source: Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016, arXiv:1602.07576.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding

from neurop.geometry.signed_permutation import SignedPermutation, quotients
from neurop.spectral import constant_tensor, linear

Group = Sequence[SignedPermutation]


class Equivariant(nn.Module, ABC):
    """Base class of the maps: a dense weight and bias, made of fewer numbers at each call."""

    kernel: nn.Parameter

    @property
    @abstractmethod
    def weight(self) -> Tensor:
        """Weight of all channels, ``(out, in)``."""

    @property
    @abstractmethod
    def bias(self) -> Tensor:
        """Bias of all output channels, ``(out,)``."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mapped channels."""
        return linear(x, self.weight, self.bias)


class GroupLinear(Equivariant):
    r"""Map between functions of the group, :math:`y_g = \sum_h W_{g^{-1} h}\, v_h + b`.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels per element of the group.
    group
        Its elements.

    Shape
    -----
    ``(..., |G| * in_channels) -> (..., |G| * out_channels)``. Parameters ``kernel`` ``(|G|, out,
    in)`` and ``offset`` ``(out,)``.

    Examples
    --------
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> GroupLinear(2, 3, symmetries(2))(torch.zeros(5, 16)).shape
    torch.Size([5, 24])
    """

    def __init__(self, in_channels: int, out_channels: int, group: Group) -> None:
        super().__init__()
        self.places, fan_in = quotients(group), len(group) * in_channels
        self.kernel = uniform(fan_in, len(group), out_channels, in_channels)
        self.offset = uniform(fan_in, out_channels)

    @property
    def weight(self) -> Tensor:
        """Weight of all channels, ``(|G| * out, |G| * in)``."""
        rows = _places(self.places, torch.int64, self.kernel.device)  # (g, h)
        matrices = embedding(rows, self.kernel.flatten(1)).unflatten(-1, self.kernel.shape[1:])
        return matrices.transpose(1, 2).flatten(2).flatten(0, 1)

    @property
    def bias(self) -> Tensor:
        """Bias of all output channels: the same for all elements."""
        return self.offset.repeat(len(self.kernel))


def uniform(fan_in: int, *shape: int) -> nn.Parameter:
    """Return the initial values of a dense layer of `fan_in` inputs, those of ``nn.Linear``."""
    bound = 1 / math.sqrt(fan_in)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


@constant_tensor(maxsize=16)
def _places(places: tuple[tuple[int, ...], ...]) -> NDArray[np.int64]:
    return np.array(places)
