"""Spectral convolution in real arithmetic.

Source: Li et al., Fourier Neural Operator, ICLR 2021, arXiv:2010.08895.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.spectral import (
    analysis_matrix,
    analyze,
    below_nyquist,
    check_input,
    check_target,
    check_waves,
    has_autocast,
    in_float32,
    mix_modes,
    padded_bases,
    synthesize,
    synthesize_all_but_last_axis,
    weight_sizes,
)


class SpectralConv(nn.Module):
    r"""Convolution by a kernel with few Fourier modes, evaluated on any grid.

    .. math:: (K v)_o(x) = \sum_{|k| < m} \sum_i R_{kio}\, \hat v_i(k)\, e^{2\pi i k \cdot x},
       \qquad \hat v_i(k) = \int v_i(x)\, e^{-2\pi i k \cdot x} \mathrm{d}x

    Only the retained modes are computed, as products with small cosine and sine matrices: no FFT,
    no complex tensor. The integral is the grid's quadrature, so a band-limited field gives the same
    function on every grid that resolves it; modes at or above the Nyquist frequency of the input's
    or the output's grid are left out. An axis that is not periodic is padded with zeros over
    `padding` domain lengths.

    Along an axis of Chebyshev points (layout ``chebyshev``) the functions are the polynomials
    :math:`T_k(2 x - 1)`, k < m, without padding: the layer multiplies the coefficients of each by a
    matrix, which is no convolution there, and is exact for polynomials of a degree below m.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    modes
        Number m of frequencies \|k\| < m per axis.
    domain
        Grid with the axes (boundary, layout of points); a periodic box by default.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.
    weight
        Module that mixes the channels of the modes instead of a dense weight, for example a
        :class:`neurop.layers.factorized.core.Factorized` one.

    Shape
    -----
    Input ``(batch, in_channels, *grid)``, output ``(batch, out_channels, *grid')``, or ``(batch,
    out_channels, P)`` at P points. Parameter ``weight``: ``(*signed modes, in, 2, out)``, real,
    unless one is given; with Chebyshev axes as for :func:`neurop.spectral.mix_modes`.

    Raises
    ------
    InputError
        If the number of grid axes is not ``len(modes)``, a weight is given for an axis of Chebyshev
        points, or input or `grid` does not fit the axes and channels.

    Examples
    --------
    >>> conv = SpectralConv(2, 3, modes=(4, 4))
    >>> conv(torch.zeros(1, 2, 16, 16), grid=(32, 48)).shape
    torch.Size([1, 3, 32, 48])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int],
        domain: Grid | None = None,
        padding: float = 0.25,
        weight: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.modes = tuple(modes)
        self.domain = domain or Grid.periodic(len(self.modes))
        self.bases = padded_bases(self.domain.axes, self.modes, padding)
        self.weight: Any
        if weight is None:
            # The layer preserves the variance of a field with its energy in the modes.
            sizes, parts = weight_sizes(self.bases)
            shape = (*sizes, in_channels, *[2] * (parts - 1), out_channels)
            self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(parts * in_channels))
        else:
            check_waves(self.domain.axes, "a factorised weight")
            self.weight = weight

    def forward(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the convolution on `grid`.

        Parameters
        ----------
        x
            Field ``(batch, in_channels, *grid)``.
        grid
            Number of points per axis (by default those of `x`), or points ``(P, d)`` as fractions
            of the domain.
        """
        check_input(x, self.in_channels, self.domain.names)
        if grid is not None:
            check_target(grid, self.domain)
        # Views; the layout in memory is that of the input.
        return self._convolve(x.movedim(1, -1), grid, x.is_contiguous()).movedim(-1, 1)

    def channels_last(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the convolution of ``(batch, *grid, channels)``, the layout of the engine."""
        return self._convolve(x, grid, False)

    def _convolve(self, x: Tensor, grid: Sequence[int] | Tensor | None, first: bool) -> Tensor:
        target = x.shape[1:-1] if grid is None else grid
        kept = self.retained_modes(x.shape[1:-1], None if isinstance(target, Tensor) else target)

        def convolve(x: Tensor) -> Tensor:
            c = self._mixed(x, kept)
            return synthesize(c, self.bases, kept, self.domain.axes, target, first)

        y: Tensor = in_float32(convolve, x)
        return y

    def all_but_last_axis(
        self, x: Tensor, spectrum_ahead: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the convolution, synthesised along all axes but the last, and the last matrix.

        Parameters
        ----------
        x
            Field ``(batch, *grid, channels)``.
        spectrum_ahead
            Spectrum of `x` along the last axis, ``last_axis_analysis(x) @ x``, if it is known.

        Returns
        -------
        Tensor, Tensor
            ``(batch, n_1, ..., size_d, channels)`` and ``(n_d, size_d)``; their product along the
            last grid axis is :meth:`channels_last`.
        """
        shape = x.shape[1:-1]
        kept = self.retained_modes(shape)

        def convolve(given: Tensor) -> tuple[Tensor, Tensor]:
            c = self._mixed(given, kept, spectrum_ahead is not None)
            return synthesize_all_but_last_axis(c, self.bases, kept, self.domain.axes, shape)

        made: tuple[Tensor, Tensor] = in_float32(
            convolve, x if spectrum_ahead is None else spectrum_ahead
        )
        return made

    def last_axis_analysis(self, x: Tensor) -> Tensor:
        """Return the analysis matrix ``(size_d, n_d)`` of the last grid axis of `x`."""
        shape, last = x.shape[1:-1], self.bases[-1]
        dtype = torch.float32 if has_autocast(x) else x.dtype
        return analysis_matrix(
            last, self.retained_modes(shape)[-1], self.domain.axes[-1], shape[-1], dtype, x.device
        )

    def retained_modes(
        self, shape: Sequence[int], grid: Sequence[int] | None = None
    ) -> tuple[int, ...]:
        """Return the number of modes per axis that input grid and output grid resolve."""
        limits = (self.modes, self.nyquist(shape), self.nyquist(shape if grid is None else grid))
        return tuple(max(min(each), 1) for each in zip(*limits, strict=True))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return below_nyquist(self.bases, self.domain.axes, shape)

    def _mixed(self, x: Tensor, kept: Sequence[int], last_axis_done: bool = False) -> Tensor:
        """Return the coefficients of the convolution; arguments as for `analyze`."""
        c = analyze(x, self.bases, kept, self.domain.axes, last_axis_done)
        if isinstance(self.weight, Tensor):
            return mix_modes(c, self.weight, self.bases, kept)
        mixed: Tensor = self.weight(c, kept)
        return mixed

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        return (
            f"{self.in_channels}, {self.out_channels}, modes={self.modes}, axes={self.domain.names}"
        )
