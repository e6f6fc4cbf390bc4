"""Convolution on the sphere.

Sources: Driscoll and Healy, 1994; as a layer Bonev et al., SFNO, 2023, arXiv:2306.03838.
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
from neurop.layers.spectral.fourier_block import FourierBlock
from neurop.spectral import check_input, check_target, has_autocast, in_float32, torch_harmonics
from neurop.spectral.kernels.plain import mix_degrees
from neurop.spectral.legendre import check_sphere
from neurop.spectral.spherical import (
    analyze_sphere,
    convolve_sphere,
    harmonics_resolved,
    longitude_analysis,
    longitude_synthesis,
    synthesize_latitude,
    synthesize_sphere,
)
from neurop.spectral.transform import apply_matrix

Symmetry = Literal["all", "axis"]


class SphericalConv(nn.Module):
    r"""Convolution on the sphere by one matrix per degree, shared by all orders.

    .. math:: (K v)_o = \sum_{l < L} \sum_{|m| \le l} \sum_i R_{lio}\, \hat v_{i,l}^m\, Y_l^m

    With real R, a zonal kernel, it commutes with every rotation of the sphere, and no other linear
    map of real scalars does. With complex R, as in torch-harmonics and makani, the orders m > 0 are
    multiplied by R, the orders -m by its conjugate and the order 0 by its real part: it also shifts
    waves in longitude, distinguishes east from west, and commutes with rotations about the axis
    only, the symmetry of a rotating planet. The longitude is periodic; the poles need no special
    treatment.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    modes
        Number L of degrees l < L, or numbers L of degrees and M of orders m < M (m <= l).
    domain
        Sphere; the equiangular one with poles by default.
    symmetry
        Rotations that commute with the layer: ``all`` (R real), or those about the ``axis`` (R
        complex).

    Shape
    -----
    Input ``(batch, in_channels, latitude, longitude)``, output ``(batch, out_channels, *grid)``, or
    ``(batch, out_channels, P)`` at P points. Parameter ``weight``, real: ``(L, in, 1, out)``, or
    with real and imaginary part ``(L, in, 2, out)``.

    Raises
    ------
    InputError
        If the domain is not a full sphere, a mode count is below 1, or input or `grid` does not fit
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
            raise InputError.of("symmetry", symmetry, nearest(symmetry, get_args(Symmetry)))
        self.domain = domain or Grid.latlon()
        self.modes = truncation(modes, self.domain)
        # The layer preserves the variance of a field with its energy in the degrees.
        parts = 1 if symmetry == "all" else 2
        self.weight = nn.Parameter(
            torch.randn(self.modes[0], in_channels, parts, out_channels)
            / math.sqrt(parts * in_channels)
        )

    def forward(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the convolution on `grid`.

        Parameters
        ----------
        x
            Field ``(batch, in_channels, latitude, longitude)``.
        grid
            Numbers of latitudes and longitudes (by default those of `x`), or points ``(P, 2)`` as
            fractions of the domain.
        """
        check_input(x, self.weight.shape[1], self.domain.names)
        if grid is not None:
            check_target(grid, self.domain)
        return self.channels_last(x.movedim(1, -1), grid).movedim(-1, 1)

    def channels_last(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the convolution of ``(batch, latitude, longitude, channels)``."""
        target = x.shape[1:-1] if grid is None else grid
        kept = self.retained_modes(x.shape[1:-1], None if isinstance(target, Tensor) else target)

        def convolve(x: Tensor) -> Tensor:
            if isinstance(target, Tensor):
                return synthesize_sphere(self._mixed(x, kept), self.domain, target)
            lines, longitude = self._all_but_longitude(x, kept, target)
            return apply_matrix(longitude, lines, 2, 0)

        y: Tensor = in_float32(convolve, x)
        return y

    def all_but_last_axis(
        self, x: Tensor, spectrum_ahead: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the convolution, synthesised only in latitude, and the matrix of the longitude.

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
        kept = self.retained_modes(shape)
        made: tuple[Tensor, Tensor] = in_float32(
            lambda given: self._all_but_longitude(given, kept, shape, spectrum_ahead is not None),
            x if spectrum_ahead is None else spectrum_ahead,
        )
        return made

    def last_axis_analysis(self, x: Tensor) -> Tensor:
        """Return the analysis matrix ``(2 M, longitudes)`` of the longitude of `x`."""
        dtype = torch.float32 if has_autocast(x) else x.dtype
        return longitude_analysis(
            self.domain, x.shape[2], self.retained_modes(x.shape[1:-1])[1], dtype, x.device
        )

    def retained_modes(
        self, shape: Sequence[int], grid: Sequence[int] | None = None
    ) -> tuple[int, int]:
        """Return the numbers of degrees and orders that input grid and output grid resolve."""
        limits = [self.modes, self.nyquist(shape), self.nyquist(shape if grid is None else grid)]
        degrees = min(limit[0] for limit in limits)
        return degrees, min(degrees, *(limit[1] for limit in limits))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return the numbers of degrees and orders that a grid resolves."""
        return harmonics_resolved(self.domain, shape)

    def _all_but_longitude(
        self, x: Tensor, kept: tuple[int, int], grid: Sequence[int], longitude_done: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return the convolution, synthesised only in latitude, and the matrix of the longitude."""
        if torch_harmonics.selected():
            return synthesize_latitude(self._mixed(x, kept), self.domain, grid)
        degrees, orders = kept
        if not longitude_done:
            matrix = longitude_analysis(self.domain, x.shape[2], orders, x.dtype, x.device)
            x = apply_matrix(matrix, x, 2, 1)
        # A narrow, even of the full length, costs a copy of the weights in the backward pass.
        weight = self.weight if degrees == self.modes[0] else self.weight[:degrees]
        return (
            convolve_sphere(x, self.domain, grid[0], degrees, orders, weight),
            longitude_synthesis(self.domain, grid[1], orders, x.dtype, x.device),
        )

    def _mixed(self, x: Tensor, kept: tuple[int, int]) -> Tensor:
        """Return the coefficients of the convolution, as of :func:`analyze_sphere`."""
        return mix_degrees(analyze_sphere(x, self.domain, *kept), self.weight[: kept[0]])

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        _, channels_in, _, channels_out = self.weight.shape
        return f"{channels_in}, {channels_out}, modes={self.modes}"


class SphericalBlock(FourierBlock):
    """A :class:`FourierBlock` whose convolution is a :class:`SphericalConv`.

    Examples
    --------
    >>> block = SphericalBlock(4, SphericalConv(4, 4, modes=8), expansion=2.0)
    >>> block(torch.zeros(1, 19, 36, 4)).shape
    torch.Size([1, 19, 36, 4])
    """

    def step(
        self,
        v: Tensor,
        spectrum_ahead: Tensor | None = None,
        next_block: FourierBlock | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the field after the block, and its spectrum; see :meth:`FourierBlock.step`."""
        if torch_harmonics.selected():  # its transforms take no spectrum of one axis
            return super().step(v)
        return super().step(v, spectrum_ahead, next_block)


def truncation(modes: int | Sequence[int], domain: Grid) -> tuple[int, int]:
    """Return the numbers of degrees and orders.

    Raises
    ------
    InputError
        If a number is below 1, or the domain is not a full sphere.
    """
    if not isinstance(domain, Sphere):
        raise InputError(
            f"a spherical convolution on axes {', '.join(domain.names)}; it needs a sphere, use a "
            "planar model such as fno",
            "domain",
            ", ".join(domain.names),
        )
    check_sphere(*domain.axes)
    given = (modes, modes) if isinstance(modes, int) else tuple(modes)
    if len(given) != 2 or min(given) < 1:
        remedy = "at least 1 is needed; give one number of degrees, or [degrees, orders]"
        raise InputError.of("modes", modes, remedy)
    return given[0], min(given)
