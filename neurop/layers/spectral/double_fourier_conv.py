"""Spectral convolution on the sphere by Fourier series in both angles.

Source: McCabe, Harrington, Subramanian, Brown, Towards stability of autoregressive neural
operators, TMLR 2023, arXiv:2306.10619.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.spectral.over_poles import over_poles, torus, torus_shape, zonal_cutoff
from neurop.layers.spectral.spectral_conv import SpectralConv
from neurop.spectral import check_input, in_float32
from neurop.spectral.transform import apply_matrix


class DoubleFourierConv(nn.Module):
    r"""Spectral convolution of fields that continue over the poles, on the sphere.

    The fields are continued (:func:`neurop.layers.spectral.over_poles.over_poles`) to all angles of
    a circle through the poles, where both angles are periodic and
    :class:`neurop.layers.SpectralConv` needs no padding. Back on the sphere each circle of latitude
    has the waves that it has room for (:func:`neurop.layers.spectral.over_poles.zonal_cutoff`).
    Unlike :class:`neurop.layers.SphericalConv` it commutes with rotations about the axis alone and
    its waves are not those of the sphere; it has no Legendre functions. The fields are scalars: a
    wind is given as vorticity and divergence, or as its components times the cosine of the
    latitude, which continue as scalars do.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    modes
        Numbers of frequencies along a meridian, counted on the full circle, and along the equator.
    domain
        Full sphere of uniform latitudes.
    weight
        Module that mixes the channels of the modes, as for :class:`neurop.layers.SpectralConv`.

    Shape
    -----
    ``(batch, in_channels, latitude, longitude)`` to ``(batch, out_channels, latitude, longitude)``.

    Raises
    ------
    InputError
        If the domain is not such a sphere, or an input does not fit.

    Examples
    --------
    >>> import torch
    >>> conv = DoubleFourierConv(2, 3, (8, 8), Grid.latlon())
    >>> conv(torch.zeros(1, 2, 19, 36)).shape
    torch.Size([1, 3, 19, 36])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int],
        domain: Grid,
        weight: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.domain, around = cast(Sphere, domain), torus(domain)
        self.torus = SpectralConv(in_channels, out_channels, modes, around, 0.0, weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution on the input's grid."""
        check_input(x, self.torus.in_channels, self.domain.names)
        return self.channels_last(x.movedim(1, -1)).movedim(-1, 1)

    def channels_last(self, x: Tensor) -> Tensor:
        """Return the convolution of ``(batch, latitude, longitude, channels)``."""
        rows, modes = x.shape[1], self.torus.modes[1]
        kept = self.retained_modes(x.shape[1:-1])[1]

        def convolve(x: Tensor) -> Tensor:
            waves, longitudes = self.torus.all_but_last_axis(over_poles(x, self.domain))
            room = zonal_cutoff(self.domain, rows, modes, kept, waves.dtype, waves.device)
            return apply_matrix(longitudes, waves.narrow(1, 0, rows) * room, 2, 0)

        y: Tensor = in_float32(convolve, x)
        return y

    def retained_modes(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes per angle that a grid of `shape` points resolves."""
        return self.torus.retained_modes(torus_shape(self.domain, shape))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per angle."""
        return self.torus.nyquist(torus_shape(self.domain, shape))
