"""Position as input channels, by the grid's own convention."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid


class Coordinates(nn.Module):
    r"""Append coordinate channels to a channels-last field.

    A periodic axis adds :math:`\cos 2\pi x, \sin 2\pi x`, which are smooth across the seam and
    band-limited, so that they mean the same on every grid; any other axis adds :math:`2x - 1`, with
    x the fraction of the domain at which the axis's layout puts its points.

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
        """Return `x` with the coordinate channels behind its own."""
        build = _features if torch.compiler.is_compiling() else _features_cached
        features = build(self.domain, tuple(x.shape[1:-1]), x.dtype, x.device)
        return torch.cat([x, features.expand(len(x), *features.shape)], dim=-1)


def _features(
    domain: Grid, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
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
    with torch.inference_mode(False):
        return torch.as_tensor(np.stack(columns, axis=-1)).to(device=device, dtype=dtype)


_features_cached = lru_cache(maxsize=64)(_features)
