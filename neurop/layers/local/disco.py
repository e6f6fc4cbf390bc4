"""Local integral kernel on the sphere: discrete-continuous convolution.

Sources: Ocampo et al., Scalable and Equivariant Spherical CNNs by Discrete-Continuous (DISCO)
Convolutions, ICLR 2023, arXiv:2209.13603; as a layer Liu-Schiaffini et al., ICML 2024,
arXiv:2402.16845.
"""

from __future__ import annotations

import math
import operator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.local.integral_conv import RINGS, check_radius, hats
from neurop.layers.spectral.spherical_conv import truncation
from neurop.spectral import check_input, constant_tensor, in_float32
from neurop.spectral.transform import apply_matrix

Array = NDArray[np.float64]


class DiscoConv(nn.Module):
    r"""Integral over a cap of fixed angular radius, by a learnt isotropic kernel.

    .. math:: (K v)_o(x) = \int_{\gamma < r} \sum_i \kappa_{oi}(\gamma)\, v_i(y)\,\mathrm{d}y,
       \qquad \kappa_{oi} = \sum_b \theta_{oib}\, \varphi_b, \qquad \int \varphi_b = 1

    with the angle :math:`\gamma` between x and y and hat functions :math:`\varphi_b` of it, at 0
    and r/2, of width r/2. The integral is a sum over the points of the cap with the weights of the
    grid; the sum of each hat is normalised at each latitude, so constants are preserved at any
    resolution. It commutes with all rotations, and by the Funk-Hecke theorem multiplies each
    spherical harmonic of degree l by :math:`2\pi\int\kappa(\gamma) P_l(\cos\gamma)
    \sin\gamma\,\mathrm{d}\gamma`: unlike a spherical convolution of few degrees it also sees what
    lies beyond them.

    The sum over longitudes is circular, so it is a product in each wave number: matrices over the
    latitudes, of 0 outside of the cap's band, as many as there are waves.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Full sphere.
    radius
        Radius r, as a fraction of the half circle; above 0, at most 0.5.

    Shape
    -----
    ``(batch, in_channels, latitude, longitude)`` to ``(batch, out_channels, latitude, longitude)``.
    Parameter ``weight``: ``(2, in_channels, out_channels)``.

    Raises
    ------
    InputError
        If the domain is not a full sphere, the radius is not between 0 and 0.5, an input does not
        fit, or a hat function has no points of the grid.

    Examples
    --------
    >>> conv = DiscoConv(1, 1, Grid.latlon(gauss=True), radius=0.2)
    >>> _ = nn.init.constant_(conv.weight, 0.5)
    >>> conv(torch.ones(1, 1, 12, 24)).mean().round(decimals=4).item()
    1.0
    """

    def __init__(
        self, in_channels: int, out_channels: int, domain: Grid, radius: float = 0.0625
    ) -> None:
        super().__init__()
        truncation(1, domain)
        self.domain, self.radius = domain, check_radius(radius)
        self.weight = nn.Parameter(
            torch.randn(RINGS, in_channels, out_channels) / math.sqrt(RINGS * in_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution on the input's grid."""
        check_input(x, self.weight.shape[1], self.domain.names)
        return self.channels_last(x.movedim(1, -1)).movedim(-1, 1)

    def channels_last(self, x: Tensor) -> Tensor:
        """Return the convolution of ``(batch, latitude, longitude, channels)``."""
        y: Tensor = in_float32(self._convolved, x)
        return y

    def _convolved(self, x: Tensor) -> Tensor:
        batch, latitudes, longitudes, channels = x.shape
        waves = _waves(longitudes, x.dtype, x.device)  # (longitudes, 2 orders)
        orders = waves.shape[1] // 2
        c = apply_matrix(waves.t() / longitudes, x, 2, 1)
        c = c.reshape(batch, latitudes, orders, 2 * channels).permute(2, 1, 0, 3)
        bands = _bands(self.domain, latitudes, longitudes, self.radius, x.dtype, x.device)
        sums = torch.bmm(bands, c.reshape(orders, latitudes, -1))
        sums = sums.view(orders, RINGS, latitudes, batch, 2, channels)
        weight = self.weight.to(x.dtype).flatten(0, 1)
        mixed = sums.permute(3, 2, 0, 4, 1, 5).reshape(-1, RINGS * channels) @ weight
        return apply_matrix(waves, mixed.view(batch, latitudes, 2 * orders, -1), 2, 0)

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        _, channels_in, channels_out = self.weight.shape
        return f"{channels_in}, {channels_out}, radius={self.radius}"


@constant_tensor(maxsize=64)
def _waves(longitudes: int) -> Array:
    """Return all waves that the longitudes resolve, as pairs of cosine and sine."""
    n = operator.index(longitudes)
    orders = np.arange(n // 2 + 1)
    angles = 2 * np.pi * np.outer(np.arange(n), orders) / n
    size = np.where((orders == 0) | (2 * orders == n), 1.0, math.sqrt(2))
    return np.stack([np.cos(angles) * size, np.sin(angles) * size], -1).reshape(n, -1)


@constant_tensor(maxsize=16)
def _bands(domain: Grid, latitudes: int, longitudes: int, radius: float) -> Array:
    (bands,) = _band_matrices(domain, operator.index(latitudes), operator.index(longitudes), radius)
    return bands


def _band_matrices(domain: Grid, latitudes: int, longitudes: int, radius: float) -> tuple[Array]:
    """Return the sums of the hats over a wave, ``(orders, RINGS * latitudes, latitudes)``."""
    angles = domain.latitudes(latitudes)  # type: ignore[attr-defined]
    turns = 2 * np.pi * np.arange(longitudes) / longitudes
    # Half of the chord is exact where the angle is small, unlike the arc cosine.
    north, east = np.subtract.outer(angles, angles)[..., None], turns
    across = np.multiply.outer(np.cos(angles), np.cos(angles))[..., None]
    chord = np.sqrt(np.sin(north / 2) ** 2 + across * np.sin(east / 2) ** 2)
    distance = 2 * np.arcsin(np.clip(chord, 0, 1)) / (np.pi * radius)
    kernels = hats(distance) * _areas(domain, angles)[:, None]
    sums = kernels.sum((2, 3), keepdims=True)
    if not sums.min() > 0:
        least = 2 / latitudes
        remedy = f"too small for a grid of {latitudes} latitudes; use {least:.3g}, or a finer grid"
        raise InputError.of("radius", radius, remedy)
    orders = np.arange(longitudes // 2 + 1)
    # Even in longitude: its transform is a sum of cosines.
    bands = (kernels / sums) @ np.cos(np.outer(turns, orders))
    return (np.ascontiguousarray(np.moveaxis(bands, -1, 0).reshape(len(orders), -1, latitudes)),)


def _areas(domain: Grid, angles: Array) -> Array:
    """Return the area of each row, up to a factor.

    Other than by the cosine of the latitude, a pole has the area of its cap.
    """
    axis = domain.axes[0]
    if axis.layout == "gauss":
        return domain.weights((len(angles), 1))[:, 0]
    poles = np.array([np.pi / 2, -np.pi / 2]) * np.sign(angles[0] - angles[-1] or 1.0)
    middles = 0.5 * (angles[1:] + angles[:-1])
    return np.abs(np.diff(np.sin(np.concatenate([poles[:1], middles, poles[1:]]))))


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
_band_matrices._dynamo_marked_constant = True  # type: ignore[attr-defined]
