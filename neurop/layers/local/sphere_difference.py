"""Local differential kernel on the sphere."""

from __future__ import annotations

import math
import operator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers.local.boundary_padding import opposite
from neurop.layers.local.integral_conv import check_radius
from neurop.layers.spectral.spherical_conv import truncation
from neurop.spectral import check_input, constant_tensor, in_float32

Array = NDArray[np.float64]


class SphereDifference(nn.Module):
    r"""Learnt mixture of the derivatives to the east and to the north, by differences of 3 points.

    .. math:: (D v)_o = \ell \sum_i \bigl(w_{oi0}\, \partial_\lambda v_i
       + w_{oi1}\, \cos\phi\, \partial_\phi v_i\bigr)

    Both are derivatives along smooth vector fields of the sphere: the rotation about its axis, and
    the gradient of the sine of the latitude. So a smooth field has smooth derivatives, also at the
    poles, where they vanish; those along unit vectors, with :math:`1/\cos\phi`, would be
    discontinuous there. They commute with rotations about the axis, and a spherical convolution,
    whose weights do not depend on the order, does not contain them. Differences are central, of
    second order in the spacing, with latitudes of any spacing. Beyond a pole the field continues on
    the opposite meridian; with an odd number of longitudes it is the mean of two.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Full sphere.
    unit
        Length l, as a fraction of the half circle: with about the spacing of the training grid the
        layer is of order 1. Above 0, at most 0.5.

    Shape
    -----
    ``(batch, in_channels, latitude, longitude)`` to ``(batch, out_channels, latitude, longitude)``.
    Parameter ``weight``: ``(2, in_channels, out_channels)``.

    Raises
    ------
    InputError
        If the domain is not a full sphere, `unit` is not between 0 and 0.5, or an input does not
        fit.

    Examples
    --------
    >>> layer = SphereDifference(1, 1, Grid.latlon(), unit=1 / math.pi)
    >>> layer.weight.data[:, 0, 0] = torch.tensor([0.0, 1.0])
    >>> x = torch.linspace(90, -90, 19).deg2rad().sin()  # its northward derivative is the cosine
    >>> layer(x[None, None, :, None].expand(1, 1, 19, 36))[0, 0, ::9, 0].round(decimals=2)
    tensor([0.0000, 0.9900, 0.0000], grad_fn=<RoundBackward1>)
    """

    def __init__(
        self, in_channels: int, out_channels: int, domain: Grid, unit: float = 0.0625
    ) -> None:
        super().__init__()
        truncation(1, domain)
        self.domain, self.unit = domain, check_radius(unit)
        self.weight = nn.Parameter(
            torch.randn(2, in_channels, out_channels) / math.sqrt(2 * in_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the derivatives on the input's grid."""
        check_input(x, self.weight.shape[1], self.domain.names)
        return self.channels_last(x.movedim(1, -1)).movedim(-1, 1)

    def channels_last(self, x: Tensor) -> Tensor:
        """Return the derivatives of ``(batch, latitude, longitude, channels)``."""
        y: Tensor = in_float32(self._differences, x)
        return y

    def _differences(self, x: Tensor) -> Tensor:
        first, last = (1 if end else 0 for end in _has_poles(self.domain))
        n, longitudes = x.shape[1:3]
        rows = torch.cat(
            [
                opposite(x.narrow(1, min(first, n - 1), 1), 2),
                x,
                opposite(x.narrow(1, max(n - 1 - last, 0), 1), 2),
            ],
            1,
        )
        w = _north(self.domain, n, x.dtype, x.device)[:, :, None, None]
        north = w[0] * rows.narrow(1, 0, n) + w[1] * x + w[2] * rows.narrow(1, 2, n)
        east = (x.roll(-1, 2) - x.roll(1, 2)) * _east(self.domain, longitudes)
        weight = math.pi * self.unit * self.weight.to(x.dtype)
        return torch.cat([east, north], -1) @ weight.flatten(0, 1)

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        _, channels_in, channels_out = self.weight.shape
        return f"{channels_in}, {channels_out}, unit={self.unit}"


def _has_poles(domain: Grid) -> tuple[bool, bool]:
    """Return whether the first and the last latitude are poles."""
    layout = domain.axes[0].layout
    return layout in ("ends", "left"), layout == "ends"


def _east(domain: Grid, longitudes: int) -> float:
    """Return the weight of the difference of the two neighbours in longitude, per radian."""
    return math.copysign(longitudes / (4 * math.pi), domain.axes[1].length)


@constant_tensor(maxsize=64)
def _north(domain: Grid, latitudes: int) -> Array:
    (weights,) = _north_weights(domain, operator.index(latitudes))
    return weights


def _north_weights(domain: Grid, latitudes: int) -> tuple[Array]:
    """Return the weights of the three points of the northward derivative, ``(3, latitudes)``."""
    angles = domain.latitudes(latitudes)  # type: ignore[attr-defined]
    side = math.copysign(1.0, -domain.axes[0].length)  # 1 where the north comes first
    first, last = (1 if end else 0 for end in _has_poles(domain))
    before = [side * np.pi - angles[min(first, latitudes - 1)]]
    after = [-side * np.pi - angles[max(latitudes - 1 - last, 0)]]
    steps = np.diff(np.concatenate([before, angles, after]))
    a, b = steps[:-1], steps[1:]
    weights = np.stack([-b / (a * (a + b)), (b - a) / (a * b), a / (b * (a + b))])
    return (weights * np.clip(np.cos(angles), 0.0, None),)


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
_north_weights._dynamo_marked_constant = True  # type: ignore[attr-defined]
