"""Coordinates as input channels."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.geometry.symbolic import is_symbolic, points
from neurop.spectral import constant_tensor


class Coordinates(nn.Module):
    r"""Append coordinate channels to a channels-last field.

    A periodic axis adds :math:`\cos 2\pi x, \sin 2\pi x`, which are smooth across the periodic
    boundary and band-limited, so that they are the same functions on every grid; any other axis
    adds :math:`2x - 1`, with x the points of the axis's layout as fractions of the domain.

    Parameters
    ----------
    domain
        Grid of the fields.

    Shape
    -----
    ``(batch, *grid, channels) -> (batch, *grid, channels + self.channels)``.

    Examples
    --------
    >>> Coordinates(Grid.periodic(2))(torch.zeros(1, 4, 4, 3)).shape
    torch.Size([1, 4, 4, 7])
    """

    def __init__(self, domain: Grid) -> None:
        super().__init__()
        self.domain = domain
        self.channels = sum(2 if axis.boundary == "periodic" else 1 for axis in domain.axes)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` followed by the coordinate channels."""
        shape = tuple(x.shape[1:-1])
        make = _symbolic_features if any(map(is_symbolic, shape)) else _features
        features = make(self.domain, shape, x.dtype, x.device)
        return torch.cat([x, features.expand(x.shape[0], *features.shape)], dim=-1)


@constant_tensor(maxsize=64)
def _features(domain: Grid, shape: tuple[int, ...]) -> NDArray[np.float64]:
    columns = []
    for i, (axis, n) in enumerate(zip(domain.axes, shape)):
        x = axis.points(n)
        waves = (
            [np.cos(2 * math.pi * x), np.sin(2 * math.pi * x)]
            if axis.boundary == "periodic"
            else [2 * x - 1]
        )
        columns += [
            np.broadcast_to(w.reshape([-1 if j == i else 1 for j in range(len(shape))]), shape)
            for w in waves
        ]
    return np.stack(columns, axis=-1)


def _symbolic_features(
    domain: Grid, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Return the same as operations of an exported graph whose sizes are open."""
    columns = []
    for i, (axis, n) in enumerate(zip(domain.axes, shape)):
        x = points(axis, n, device)
        angle = 2 * math.pi * x
        waves = [angle.cos(), angle.sin()] if axis.boundary == "periodic" else [2 * x - 1]
        columns += [
            w.view([-1 if j == i else 1 for j in range(len(shape))]).expand(shape) for w in waves
        ]
    return torch.stack(columns, dim=-1).to(dtype)
