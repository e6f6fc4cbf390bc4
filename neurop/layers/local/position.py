"""The position between walls as input channels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.spectral import constant_tensor


class Position(nn.Module):
    r"""Append one channel per axis that is not periodic: :math:`2x - 1`, x a fraction of the axis.

    Unlike :class:`neurop.layers.Coordinates` it leaves out periodic axes, along which a
    convolution then commutes with shifts.

    Parameters
    ----------
    domain
        Grid of the fields.

    Shape
    -----
    ``(batch, channels, *grid) -> (batch, channels + self.channels, *grid)``.

    Examples
    --------
    >>> Position(Grid.latlon())(torch.zeros(1, 2, 3, 4))[0, 2, :, 0].tolist()
    [-1.0, 0.0, 1.0]
    """

    def __init__(self, domain: Grid) -> None:
        super().__init__()
        self.domain = domain
        self.channels = sum(axis.boundary != "periodic" for axis in domain.axes)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` followed by the positions."""
        if not self.channels:
            return x
        position = _positions(self.domain, tuple(x.shape[2:]), x.dtype, x.device)
        return torch.cat([x, position.expand(x.shape[0], *position.shape)], dim=1)


@constant_tensor(maxsize=64)
def _positions(domain: Grid, shape: tuple[int, ...]) -> NDArray[np.float64]:
    each = np.meshgrid(
        *(2 * axis.points(n) - 1 for axis, n in zip(domain.axes, shape)), indexing="ij"
    )
    return np.stack([p for p, axis in zip(each, domain.axes) if axis.boundary != "periodic"])
