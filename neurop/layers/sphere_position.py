"""The position on the sphere as input channels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.geometry.sphere import Sphere
from neurop.spectral import constant_tensor


class SpherePosition(nn.Module):
    r"""Append the unit vector of each point to a channels-last field.

    .. math:: (\cos\varphi \cos\lambda,\ \cos\varphi \sin\lambda,\ \sin\varphi)

    Unlike waves of the longitude (:class:`neurop.layers.Coordinates`) it is smooth at the poles.

    Parameters
    ----------
    domain
        Grid of the fields.

    Shape
    -----
    ``(batch, latitude, longitude, channels)`` to the same with three channels more.

    Examples
    --------
    >>> from neurop.geometry.grid import Grid
    >>> north = SpherePosition(Grid.latlon())(torch.zeros(1, 3, 4, 1))[0, 0, :, 1:]
    >>> north.abs().round(decimals=3)[1].tolist()
    [0.0, 0.0, 1.0]
    """

    channels = 3

    def __init__(self, domain: Sphere) -> None:
        super().__init__()
        self.domain = domain

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` followed by the unit vector."""
        vector = _vectors(self.domain, tuple(x.shape[1:-1]), x.dtype, x.device)
        return torch.cat([x, vector.expand(x.shape[0], *vector.shape)], dim=-1)


@constant_tensor(maxsize=64)
def _vectors(domain: Sphere, shape: tuple[int, int]) -> NDArray[np.float64]:
    latitude, longitude = np.meshgrid(
        domain.latitudes(shape[0]), domain.longitudes(shape[1]), indexing="ij"
    )
    along = np.cos(latitude)
    return np.stack([along * np.cos(longitude), along * np.sin(longitude), np.sin(latitude)], -1)
