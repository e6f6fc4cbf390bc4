"""Spherical-harmonic transforms of scalars and winds on Legendre-Gauss points, in complex128."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from neurop.geometry.axis import Axis, Layout
from neurop.spectral.legendre import (
    latitude_analysis,
    latitude_weights,
    legendre,
    legendre_gradient,
)

SphereLayout = Literal["legendre-gauss", "equiangular"]


def points_of(truncation: int) -> tuple[int, int]:
    """Return the sizes of a grid on which products of two fields of degree `truncation` are exact.

    Examples
    --------
    >>> points_of(42)
    (64, 128)
    """
    latitudes = 2 * ((3 * truncation + 5) // 4)
    return latitudes, 2 * latitudes


def synthesize(coefficients: Tensor, shape: tuple[int, int], layout: SphereLayout) -> Tensor:
    """Evaluate coefficients ``(..., l, m)`` on a grid of any size, up to its resolution.

    The sum is over l < latitudes (``equiangular``, poles in: l < latitudes - 1) and 2 m <
    longitudes, so grids of several sizes sample the same function. The first latitude is the
    northernmost.

    Examples
    --------
    >>> c = torch.zeros(3, 3, dtype=torch.complex128)
    >>> c[1, 0] = (4 * torch.pi / 3) ** 0.5  # the sine of the latitude
    >>> synthesize(c, (3, 4), "equiangular")[:, 0].round(decimals=6).tolist()
    [1.0, 0.0, -1.0]
    """
    latitudes, longitudes = shape
    limit = min(latitudes - (layout == "equiangular"), (longitudes + 1) // 2)
    size = min(limit, coefficients.shape[-1])
    return _waves(
        _per_order(
            _functions(latitudes, size, layout, coefficients.device),
            coefficients[..., :size, :size],
        ),
        longitudes,
    )


@lru_cache(maxsize=8)
def _functions(latitudes: int, size: int, layout: SphereLayout, device: torch.device) -> Tensor:
    names: dict[SphereLayout, Layout] = {"legendre-gauss": "gauss", "equiangular": "ends"}
    points = Axis("latitude", "open", layout=names[layout]).points(latitudes)
    return torch.from_numpy(legendre(size, size, np.pi * points)).transpose(1, 2).to(device)


class Harmonics:
    r"""Transforms between values on a Legendre-Gauss grid and coefficients ``(..., l, m)``, m >= 0.

    The functions are orthonormal. A real field is :math:`\sum_l (c_l^0 \bar P_l^0 +
    2\,\mathrm{Re}\sum_{m>0} c_l^m \bar P_l^m e^{im\lambda})`, with the functions of
    :func:`neurop.spectral.legendre.legendre`.

    Parameters
    ----------
    truncation
        Largest degree and order.
    radius
        Radius of the sphere [m].
    device
        Device of the transforms, in float64.
    shape
        Numbers of latitudes and longitudes; default: enough for products of two fields.

    Attributes
    ----------
    latitude, longitude
        Points in radians; the first latitude is the northernmost.
    laplacian
        Eigenvalues :math:`-l(l+1)/a^2` of the Laplacian, shape ``(l, 1)``.

    Examples
    --------
    >>> sphere = Harmonics(5, radius=2.0)
    >>> height = sphere.latitude.sin()[:, None].expand(sphere.shape)
    >>> c = sphere.coefficients(height)
    >>> bool(torch.allclose(sphere.values(sphere.laplacian * c), -height / 2))
    True
    """

    def __init__(
        self,
        truncation: int,
        radius: float,
        device: torch.device | None = None,
        shape: tuple[int, int] | None = None,
    ) -> None:
        self.shape, self._size = shape or points_of(truncation), truncation + 1
        (latitudes, longitudes), size = self.shape, truncation + 1
        angles = np.pi * Axis("latitude", "open", layout="gauss").points(latitudes)
        slope, turn = legendre_gradient(size, size, angles)
        area = 4 * np.pi * latitude_weights("gauss", latitudes)
        self._to_c, self._slope_to_c, self._turn_to_c = (
            torch.from_numpy(matrix).to(device)
            for matrix in (
                latitude_analysis("gauss", latitudes, size, size),
                area * slope,
                area * turn,
            )
        )
        self._to_x = _functions(latitudes, size, "legendre-gauss", self._to_c.device)
        self._slope, self._turn = (
            torch.from_numpy(matrix).transpose(1, 2).to(device) for matrix in (slope, turn)
        )
        self.latitude = torch.from_numpy(np.pi / 2 - angles).to(device)
        self.longitude = (
            2 * torch.pi * torch.arange(longitudes, dtype=torch.float64, device=device) / longitudes
        )
        degree = torch.arange(size, dtype=torch.float64, device=device)[:, None]
        self.laplacian = -degree * (degree + 1) / radius**2
        self._inverse = torch.where(degree == 0, 0.0, 1 / (self.laplacian * radius))
        self._radius = radius

    def values(self, coefficients: Tensor) -> Tensor:
        """Return scalars on the grid."""
        return _waves(_per_order(self._to_x, coefficients), self.shape[1])

    def coefficients(self, values: Tensor) -> Tensor:
        """Return the coefficients of scalars ``(..., *shape)``."""
        return _per_order(self._to_c, self._orders(values))

    def wind(self, vorticity_divergence: Tensor) -> Tensor:
        """Return the eastward and northward wind of vorticity and divergence on the grid."""
        # Stream function and velocity potential over the radius.
        potentials = self._inverse * vorticity_divergence
        (s0, s1), (t0, t1) = (
            _per_order(matrix, potentials).unbind(-3) for matrix in (self._slope, self._turn)
        )
        return _waves(torch.stack([s0 + 1j * t1, 1j * t0 - s1], -3), self.shape[1])

    def curl_and_divergence(self, wind: Tensor) -> Tensor:
        """Return the coefficients of vorticity and divergence of winds ``(..., 2, *shape)``."""
        lines = self._orders(wind)
        (s0, s1), (t0, t1) = (
            _per_order(matrix, lines).unbind(-3) for matrix in (self._slope_to_c, self._turn_to_c)
        )
        return torch.stack([1j * t1 - s0, 1j * t0 + s1], -3) / self._radius

    def _orders(self, values: Tensor) -> Tensor:
        return torch.fft.rfft(values, dim=-1, norm="forward")[..., : self._size]


def _per_order(matrices: Tensor, z: Tensor) -> Tensor:
    """Multiply each column m of ``(..., k, m)`` by its real matrix of ``(m, rows, k)``."""
    orders, rows, k = matrices.shape
    lines = torch.view_as_real(z.reshape(-1, k, orders)).permute(2, 1, 0, 3).reshape(orders, k, -1)
    made = torch.bmm(matrices, lines).view(orders, rows, -1, 2).permute(2, 1, 0, 3)
    return torch.view_as_complex(made.contiguous()).view(*z.shape[:-2], rows, orders)


def _waves(z: Tensor, longitudes: int) -> Tensor:
    """Sum the waves of ``(..., latitude, m)`` along the longitude."""
    return torch.fft.irfft(z, n=longitudes, dim=-1, norm="forward")
