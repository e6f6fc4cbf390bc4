r"""Spherical-harmonic transforms of channels-last fields, in real arithmetic.

The harmonics are real and orthonormal on the unit sphere; with :math:`\bar P_l^m` of
:func:`neurop.spectral.legendre.legendre`

.. math:: Y_{l0} = \bar P_l^0(\theta), \quad Y_{lm0} = \sqrt2\,\bar P_l^m(\theta)\cos m\lambda,
   \quad
          Y_{lm1} = \sqrt2\,\bar P_l^m(\theta)\sin m\lambda,

and the coefficients form an array ``(orders, degrees, batch, 2, channels)``: cosine, sine; 0
where l < m and for the sine of m = 0. In the complex harmonics :math:`\bar P_l^m e^{im\lambda}` the
coefficient is :math:`(c_0 - i c_1)/\sqrt2` for m > 0. Only the retained degrees and orders are
computed, as matrix products (Fourier in longitude, Legendre in latitude) whose matrices are built
once in float64: no FFT, no complex tensor. ``NEUROP_SHT=torch-harmonics`` computes the same with
torch-harmonics, on the grids that it supports.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.geometry.axis import Axis, Layout
from neurop.geometry.grid import Grid
from neurop.spectral import torch_harmonics
from neurop.spectral.constants import constant_tensor
from neurop.spectral.fused import convolve_degrees
from neurop.spectral.kernels.plain import from_degrees, sphere, to_degrees
from neurop.spectral.legendre import degrees_resolved, latitude_analysis, legendre
from neurop.spectral.transform import apply_matrix, check_target


def harmonics_resolved(domain: Grid, shape: Sequence[int]) -> tuple[int, int]:
    """Return the numbers of degrees and of orders that a grid of `shape` points resolves.

    Examples
    --------
    >>> harmonics_resolved(Grid.latlon(), (73, 144))
    (72, 72)
    """
    latitudes, longitudes = shape
    return degrees_resolved(domain.axes[0].layout, latitudes), max((longitudes + 1) // 2, 1)


def analyze_sphere(x: Tensor, domain: Grid, degrees: int, orders: int) -> Tensor:
    r"""Return the coefficients :math:`\int f\, Y\,\mathrm{d}\Omega` of a field.

    They are exact for every field of the degrees that the grid resolves.

    Parameters
    ----------
    x
        Field ``(batch, latitude, longitude, channels)``.
    domain
        Sphere, from pole to pole.
    degrees, orders
        Numbers of degrees and orders, at most :func:`harmonics_resolved`; orders at most degrees.

    Returns
    -------
    Tensor
        ``(orders, degrees, batch, 2, channels)``.
    """
    if torch_harmonics.selected():
        return torch_harmonics.analyze(x, domain, degrees, orders)
    x = apply_matrix(longitude_analysis(domain, x.shape[2], orders, x.dtype, x.device), x, 2, 1)
    matrix = _latitude_matrix(True, domain.axes[0], x.shape[1], degrees, orders, x.dtype, x.device)
    return to_degrees(x, matrix)


def synthesize_sphere(c: Tensor, domain: Grid, grid: Sequence[int] | Tensor) -> Tensor:
    """Evaluate coefficients on a grid, or at points ``(P, 2)`` in fractions of the domain.

    Parameters
    ----------
    c
        Coefficients ``(orders, degrees, batch, 2, channels)``.
    domain
        Sphere, from pole to pole.
    grid
        Numbers of latitudes and longitudes, or the points.

    Returns
    -------
    Tensor
        ``(batch, *grid, channels)``, or ``(batch, P, channels)``.

    Examples
    --------
    >>> c = torch.zeros(1, 2, 1, 2, 1)
    >>> c[0, 1, 0, 0] = (4 * math.pi / 3) ** 0.5  # the sine of the latitude
    >>> synthesize_sphere(c, Grid.latlon(), (3, 1)).flatten().round(decimals=4).tolist()
    [1.0, 0.0, -1.0]
    """
    check_target(grid, domain)
    if isinstance(grid, Tensor):
        orders, degrees, batch, _, channels = c.shape
        matrix = _point_matrix(domain, degrees, orders, grid).to(c)
        return torch.matmul(matrix, c.permute(2, 0, 1, 3, 4).reshape(batch, -1, channels))
    lines, matrix = synthesize_latitude(c, domain, grid)
    return apply_matrix(matrix, lines, 2, 0)


def synthesize_latitude(c: Tensor, domain: Grid, grid: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Evaluate coefficients only in latitude; arguments as for :func:`synthesize_sphere`.

    Returns
    -------
    Tensor, Tensor
        ``(batch, latitudes, 2 orders, channels)``, and the matrix ``(longitudes, 2 orders)`` of the
        synthesis in longitude.
    """
    orders, degrees = c.shape[:2]
    latitudes, longitudes = grid
    if torch_harmonics.selected():
        return torch_harmonics.synthesize(c, domain, grid), torch.eye(
            longitudes, dtype=c.dtype, device=c.device
        )
    matrix = _latitude_matrix(False, domain.axes[0], latitudes, degrees, orders, c.dtype, c.device)
    longitude = longitude_synthesis(domain, longitudes, orders, c.dtype, c.device)
    return from_degrees(c, matrix), longitude


def convolve_sphere(
    lines: Tensor, domain: Grid, latitudes: int, degrees: int, orders: int, weight: Tensor
) -> Tensor:
    """Return a convolution of fields that are transformed in longitude, as such fields.

    Parameters
    ----------
    lines
        ``longitude_analysis(...) @ x``, ``(batch, latitudes, 2 orders, in)``.
    domain
        Sphere, from pole to pole.
    latitudes
        Number of latitudes of the result.
    degrees, orders
        As for :func:`analyze_sphere`.
    weight
        One matrix per degree, ``(degrees, in, 1 or 2, out)``: real, or real and imaginary part.

    Returns
    -------
    Tensor
        ``(batch, latitudes, 2 orders, out)``; its product with :func:`longitude_synthesis` along
        the longitude is the field.
    """
    analysis, synthesis = (
        _latitude_matrix(first, domain.axes[0], n, degrees, orders, lines.dtype, lines.device)
        for first, n in ((True, lines.shape[1]), (False, latitudes))
    )
    # Latitudes with one of the poles are not symmetric about the equator.
    convolve = sphere if domain.axes[0].layout == "left" else convolve_degrees
    return convolve(lines, analysis, synthesis, weight)


def longitude_analysis(
    domain: Grid, longitudes: int, orders: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Return the matrix ``(2 orders, longitudes)`` of the first step of an analysis.

    Its rows give the mean products with 1, 0, sqrt(2) cos, sqrt(2) sin, ...
    """
    return _longitude_matrix(True, domain.axes[1], longitudes, orders, dtype, device)


def longitude_synthesis(
    domain: Grid, longitudes: int, orders: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Return the matrix ``(longitudes, 2 orders)`` of the last step of a synthesis."""
    return _longitude_matrix(False, domain.axes[1], longitudes, orders, dtype, device)


def _latitude_matrix(
    analysis: bool,
    axis: Axis,
    n: int,
    degrees: int,
    orders: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """Return the analysis ``(orders, degrees, n)`` or the synthesis ``(orders, n, degrees)``."""
    return _latitude(analysis, axis.layout, axis.length > 0, n, degrees, orders, dtype, device)


@constant_tensor(maxsize=64)
def _latitude(
    analysis: bool, layout: Layout, southern: bool, n: int, degrees: int, orders: int
) -> NDArray[np.float64]:
    (matrix,) = _legendre_matrix(
        analysis,
        layout,
        southern,
        operator.index(n),
        operator.index(degrees),
        operator.index(orders),
    )
    return matrix


def _legendre_matrix(
    analysis: bool, layout: Layout, southern: bool, n: int, degrees: int, orders: int
) -> tuple[NDArray[np.float64]]:
    if analysis:
        matrix = latitude_analysis(layout, n, degrees, orders)
    else:
        matrix = legendre(
            degrees, orders, np.pi * Axis("latitude", "open", layout=layout).points(n)
        )
    if southern:  # the angle is measured from the south pole
        matrix = matrix * (-1.0) ** np.add.outer(np.arange(orders), np.arange(degrees))[:, :, None]
    return (matrix if analysis else np.ascontiguousarray(matrix.transpose(0, 2, 1)),)


def _longitude_matrix(
    analysis: bool, axis: Axis, n: int, orders: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    return _longitude(analysis, axis, n, orders, dtype, device)


@constant_tensor(maxsize=256)
def _longitude(analysis: bool, axis: Axis, n: int, orders: int) -> NDArray[np.float64]:
    waves = _waves(2 * math.pi * axis.points(n), orders)
    return waves.T / n if analysis else waves


def _waves(angles: NDArray[np.float64], orders: int) -> NDArray[np.float64]:
    """Return 1, 0, sqrt(2) cos, sqrt(2) sin, sqrt(2) cos of twice the angle, ..."""
    turned = angles[:, None] * np.arange(orders)
    size = np.full(orders, math.sqrt(2))
    size[0] = 1
    return np.stack([np.cos(turned) * size, np.sin(turned) * size], axis=-1).reshape(
        len(angles), 2 * orders
    )


def _point_matrix(domain: Grid, degrees: int, orders: int, points: Tensor) -> Tensor:
    """Return all harmonics at scattered points, ``(P, orders * degrees * 2)``."""
    fractions = points.detach().double().cpu().numpy()
    south = fractions[:, 0] if domain.axes[0].length < 0 else 1 - fractions[:, 0]
    latitude = legendre(degrees, orders, np.pi * south)
    waves = _waves(2 * math.pi * fractions[:, 1], orders).reshape(-1, orders, 1, 2)
    return torch.from_numpy(
        (latitude.transpose(2, 0, 1)[..., None] * waves).reshape(len(fractions), -1)
    )


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
_legendre_matrix._dynamo_marked_constant = True  # type: ignore[attr-defined]
