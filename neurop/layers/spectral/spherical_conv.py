"""Convolution on the sphere (Driscoll and Healy, 1994; as a layer Bonev et al., SFNO, 2023,
arXiv:2306.03838).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from neurop.errors import InputError, nearest
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.channel_mlp import ChannelMLP
from neurop.layers.spectral.fourier_block import FourierBlock
from neurop.spectral import check_input, check_target, has_autocast, in_float32, torch_harmonics
from neurop.spectral.legendre import check_sphere
from neurop.spectral.spherical import (
    analyze_sphere,
    harmonics_held,
    longitude_analysis,
    synthesize_latitude,
    synthesize_sphere,
)

Symmetry = Literal["all", "axis"]


class SphericalConv(nn.Module):
    r"""Convolution on the sphere by one matrix per degree, shared by all orders.

    .. math:: (K v)_o = \sum_{l < L} \sum_{|m| \le l} \sum_i R_{lio}\, \hat v_{i,l}^m\, Y_l^m

    With real R, a zonal kernel, it commutes with every rotation of the sphere, and no other linear
    map of real scalars does. With complex R, as torch-harmonics and makani have it, the orders m >
    0 are multiplied by R, the orders -m by its conjugate and the order 0 by its real part: beside
    that it shifts waves along the longitude, tells east from west, and commutes with rotations
    about the axis alone, the symmetry of a planet that turns. The longitude is periodic, the poles
    are points like any other.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    modes
        Degrees l < modes, one number, or degrees l < L and orders m < M (there are none of m > l).
    domain
        The sphere; the equiangular one with poles by default.
    symmetry
        The rotations with which it commutes: ``all`` (R real), or those about the ``axis`` (R
        complex).

    Shape
    -----
    Input ``(batch, in_channels, latitude, longitude)``, output ``(batch, out_channels, *grid)``, or
    ``(batch, out_channels, P)`` at P points. Parameter ``weight``, real: ``(L, in, 1, out)``, or
    with real and imaginary part ``(L, in, 2, out)``.

    Raises
    ------
    InputError
        If the domain is no whole sphere, a mode count is below 1, or input or `grid` does not fit
        the axes and channels.

    Examples
    --------
    >>> conv = SphericalConv(2, 3, modes=8, domain=Grid.latlon(gauss=True))
    >>> conv(torch.zeros(1, 2, 12, 24), grid=(32, 64)).shape
    torch.Size([1, 3, 32, 64])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: int | Sequence[int],
        domain: Grid | None = None,
        symmetry: Symmetry = "all",
    ) -> None:
        super().__init__()
        if symmetry not in get_args(Symmetry):
            raise InputError(f"no symmetry '{symmetry}'; {nearest(symmetry, get_args(Symmetry))}")
        self.domain = domain or Grid.latlon()
        self.modes = truncation(modes, self.domain)
        # A field whose energy lies in the kept degrees leaves with the variance with which it came.
        parts = 1 if symmetry == "all" else 2
        self.weight = nn.Parameter(
            torch.randn(self.modes[0], in_channels, parts, out_channels)
            / math.sqrt(parts * in_channels)
        )

    def forward(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the convolution on `grid`: sizes (default: the input's), or points ``(P, 2)``
        in fractions of the domain.
        """
        check_input(x, self.weight.shape[1], self.domain.names)
        if grid is not None:
            check_target(grid, self.domain)
        return self.channels_last(x.movedim(1, -1), grid).movedim(-1, 1)

    def channels_last(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the same for ``(batch, latitude, longitude, channels)``, the layout in which
        the engine works.
        """
        target = x.shape[1:-1] if grid is None else grid
        kept = self.kept(x.shape[1:-1], None if isinstance(target, Tensor) else target)
        y: Tensor = in_float32(
            lambda x: synthesize_sphere(self._mixed(x, kept), self.domain, target), x
        )
        return y

    def all_but_last_axis(
        self, x: Tensor, spectrum_ahead: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the convolution, synthesised in the latitude alone, and the matrix that is left.

        Parameters
        ----------
        x
            Field ``(batch, latitude, longitude, channels)``.
        spectrum_ahead
            Spectrum of `x` along the longitude, ``last_axis_analysis(x) @ x``, if it is known.

        Returns
        -------
        Tensor, Tensor
            ``(batch, latitude, 2 M, channels)`` and ``(longitude, 2 M)``; their product along the
            longitude is :meth:`channels_last`.
        """
        shape = x.shape[1:-1]
        kept = self.kept(shape)

        def convolve(given: Tensor) -> tuple[Tensor, Tensor]:
            c = self._mixed(given, kept, spectrum_ahead is not None)
            return synthesize_latitude(c, self.domain, shape)

        made: tuple[Tensor, Tensor] = in_float32(
            convolve, x if spectrum_ahead is None else spectrum_ahead
        )
        return made

    def last_axis_analysis(self, x: Tensor) -> Tensor:
        """Return the matrix ``(2 M, longitudes)`` that transforms a channels-last `x` along the
        longitude.
        """
        dtype = torch.float32 if has_autocast(x) else x.dtype
        return longitude_analysis(
            self.domain, x.shape[2], self.kept(x.shape[1:-1])[1], dtype, x.device
        )

    def kept(self, shape: Sequence[int], grid: Sequence[int] | None = None) -> tuple[int, int]:
        """Return how many degrees and orders the input grid and the output grid hold."""
        limits = [self.modes, self.nyquist(shape), self.nyquist(shape if grid is None else grid)]
        degrees = min(limit[0] for limit in limits)
        return degrees, min(degrees, *(limit[1] for limit in limits))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return the numbers of degrees and orders that a grid holds, whatever the layer has."""
        return harmonics_held(self.domain, shape)

    def _mixed(self, x: Tensor, kept: tuple[int, int], last_axis_done: bool = False) -> Tensor:
        """Return the coefficients of the convolution; `last_axis_done` as of
        :func:`analyze_sphere`.
        """
        c = analyze_sphere(x, self.domain, *kept, last_axis_done)
        orders, degrees, batch, _, channels = c.shape
        rows = c.transpose(0, 1).reshape(degrees, -1, channels)
        mixed = torch.bmm(rows, self.weight[:degrees].flatten(2)).view(
            degrees, orders, batch, 2, *self.weight.shape[2:]
        )
        if self.weight.shape[2] == 1:
            return mixed.squeeze(4).transpose(0, 1)
        # The coefficient of the complex harmonics is the cosine's minus i times the sine's.
        (cr, ci), (sr, si) = (part.unbind(3) for part in mixed.unbind(3))
        return torch.stack([cr + si, sr - ci], 3).transpose(0, 1)

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        _, channels_in, _, channels_out = self.weight.shape
        return f"{channels_in}, {channels_out}, modes={self.modes}"


class SphericalBlock(FourierBlock):
    r"""Convolution on the sphere, pointwise skip and channel MLP, as the residual step of a
    :class:`FourierBlock`.

    Parameters
    ----------
    width
        Number of channels.
    modes, domain, symmetry
        Of the :class:`SphericalConv`.
    expansion
        Hidden channels of the MLP, as a multiple of `width`.

    Shape
    -----
    ``(batch, latitude, longitude, width)`` to the same, channels last.
    """

    def __init__(
        self,
        width: int,
        modes: int | Sequence[int],
        domain: Grid,
        symmetry: Symmetry,
        expansion: float,
    ) -> None:
        nn.Module.__init__(self)
        self.spectral = SphericalConv(width, width, modes, domain, symmetry)  # type: ignore[assignment]
        self.skip = nn.Linear(width, width)
        self.mlp = ChannelMLP(width, max(round(expansion * width), 1), width)

    def step(
        self,
        v: Tensor,
        spectrum_ahead: Tensor | None = None,
        next_block: FourierBlock | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return what :meth:`FourierBlock.step` does; torch-harmonics takes no spectrum of one
        axis.
        """
        if torch_harmonics.selected():
            return super().step(v)
        return super().step(v, spectrum_ahead, next_block)


def truncation(modes: int | Sequence[int], domain: Grid) -> tuple[int, int]:
    """Return the numbers of degrees and orders; raise InputError if they are none, or the domain
    is no whole sphere.
    """
    if not isinstance(domain, Sphere):
        raise InputError(
            f"a spherical convolution on axes {', '.join(domain.names)}; it needs a sphere, use a "
            "planar model such as fno"
        )
    check_sphere(*domain.axes)
    given = (modes, modes) if isinstance(modes, int) else tuple(modes)
    if len(given) != 2 or min(given) < 1:
        raise InputError(
            f"modes={modes}; at least 1 is needed: one number of degrees, or [degrees, orders]"
        )
    return given[0], min(given)
