"""Spherical-harmonic transforms of scalars and winds on Legendre-Gauss points, by torch-harmonics."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from neurop.errors import InputError

SphereLayout = Literal["legendre-gauss", "equiangular"]


def torch_harmonics() -> Any:
    """Return the module torch_harmonics; raise InputError where it is not installed."""
    try:
        import torch_harmonics as library
    except ImportError as error:
        raise InputError(f"spherical harmonics need torch-harmonics ({error}); pip install 'neurop[sphere]'") from error
    return library


def points_of(truncation: int) -> tuple[int, int]:
    """Return latitudes and longitudes on which products of two fields of degree `truncation` have no aliases.

    Examples
    --------
    >>> points_of(42)
    (64, 128)
    """
    latitudes = 2 * ((3 * truncation + 5) // 4)
    return latitudes, 2 * latitudes


def synthesize(coefficients: Tensor, shape: tuple[int, int], layout: SphereLayout) -> Tensor:
    """Evaluate coefficients ``(..., l, m)`` on a grid of any size, without the degrees and orders that it does not resolve.

    Kept are l < latitudes (``equiangular``, poles in: l < latitudes - 1) and 2 m < longitudes, so that grids of several sizes hold the
    same function. The first latitude is the northernmost.

    Examples
    --------
    >>> c = torch.zeros(3, 3, dtype=torch.complex128)
    >>> c[1, 0] = (4 * torch.pi / 3) ** 0.5  # the sine of the latitude
    >>> synthesize(c, (3, 4), "equiangular")[:, 0].round(decimals=6).tolist()
    [1.0, 0.0, -1.0]
    """
    latitudes, longitudes = shape
    limit = min(latitudes - (layout == "equiangular"), (longitudes + 1) // 2)
    kept = min(limit, coefficients.shape[-1])
    values: Tensor = _synthesis(latitudes, longitudes, kept, layout, coefficients.device)(coefficients[..., :kept, :kept].contiguous())
    return values


@lru_cache(maxsize=8)
def _synthesis(latitudes: int, longitudes: int, size: int, layout: SphereLayout, device: torch.device) -> Any:
    library = torch_harmonics()
    return library.InverseRealSHT(latitudes, longitudes, lmax=size, mmax=size, grid=layout, csphase=False).double().to(device)


class Harmonics:
    r"""Transforms between values on a Legendre-Gauss grid and orthonormal coefficients ``(..., l, m)`` with m >= 0.

    Parameters
    ----------
    truncation
        Largest degree and order.
    radius
        Radius of the sphere [m].
    device
        Device of the transforms, in float64.
    shape
        Latitudes and longitudes; default: enough for products of two fields.

    Attributes
    ----------
    latitude, longitude
        Points in radians; the first latitude is the northernmost.
    laplacian
        :math:`-l(l+1)/a^2`, shape ``(l, 1)``.

    Examples
    --------
    >>> sphere = Harmonics(5, radius=2.0)
    >>> height = sphere.latitude.sin()[:, None].expand(sphere.shape)
    >>> c = sphere.coefficients(height)
    >>> bool(torch.allclose(sphere.values(sphere.laplacian * c), -height / 2))
    True
    """

    def __init__(self, truncation: int, radius: float, device: torch.device | None = None, shape: tuple[int, int] | None = None) -> None:
        library, size = torch_harmonics(), truncation + 1
        self.shape = shape or points_of(truncation)
        options = {"lmax": size, "mmax": size, "grid": "legendre-gauss", "csphase": False}
        self._to_c, self._to_x, self._to_c2, self._to_x2 = (
            kind(*self.shape, **options).double().to(device)
            for kind in (library.RealSHT, library.InverseRealSHT, library.RealVectorSHT, library.InverseRealVectorSHT)
        )
        cosine, _ = library.quadrature.legendre_gauss_weights(self.shape[0], -1, 1)
        self.latitude = -torch.as_tensor(cosine, dtype=torch.float64, device=device).arcsin()
        self.longitude = 2 * torch.pi * torch.arange(self.shape[1], dtype=torch.float64, device=device) / self.shape[1]
        degree = torch.arange(size, dtype=torch.float64, device=device)[:, None]
        self.laplacian = -degree * (degree + 1) / radius**2
        # The vector analysis of torch-harmonics 0.9.3 divides by l(l+1) in float32; what it makes of unit coefficients puts that right.
        zonal = torch.zeros(2, size, size, dtype=torch.complex128, device=device)
        zonal[:, :, 0] = 1
        response = self._to_c2(self._to_x2(zonal))[0, :, :1].real
        self._inverse = torch.where(degree == 0, 0.0, 1 / (self.laplacian * radius))
        self._factor = torch.where(degree == 0, 0.0, self.laplacian * radius / response)

    def values(self, coefficients: Tensor) -> Tensor:
        """Return scalars on the grid."""
        out: Tensor = self._to_x(coefficients)
        return out

    def coefficients(self, values: Tensor) -> Tensor:
        """Return the coefficients of scalars ``(..., *shape)``."""
        out: Tensor = self._to_c(values)
        return out

    def wind(self, vorticity_divergence: Tensor) -> Tensor:
        """Return the wind (eastward, northward) on the grid from the coefficients of vorticity and divergence: ``(..., 2, *shape)``."""
        out: Tensor = self._to_x2(self._inverse * vorticity_divergence)
        return out

    def curl_and_divergence(self, wind: Tensor) -> Tensor:
        """Return the coefficients of vorticity and divergence of vector fields ``(..., 2, *shape)``."""
        out: Tensor = self._factor * self._to_c2(wind)
        return out
