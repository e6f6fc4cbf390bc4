"""Spectral convolution axis by axis.

Source: Tran et al., Factorized Fourier Neural Operators, ICLR 2023, arXiv:2111.13802.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.spectral import (
    analysis_matrix,
    below_nyquist,
    check_input,
    in_float32,
    mix_modes,
    padded_bases,
    weight_sizes,
)
from neurop.spectral.matrices import synthesis_matrix
from neurop.spectral.transform import apply_matrix


class AxisConv(nn.Module):
    r"""Sum of one-dimensional convolutions along each axis, with few Fourier modes.

    .. math:: (K v)_o(x) = \sum_d \sum_{|k| < m_d} \sum_i R^d_{kio}\, \hat v^d_i(k; x_{\ne d})\,
       e^{2\pi i k x_d},
       \qquad \hat v^d_i(k; x_{\ne d}) = \int v_i(x)\, e^{-2\pi i k x_d} \mathrm{d}x_d

    (equation 7 of the paper.) The number of parameters grows with the sum of the modes of the axes,
    that of :class:`neurop.layers.SpectralConv` with their product. Along the other axes no modes
    are truncated, so the output is on the grid of the input. An axis that is not periodic is padded
    with zeros over `padding` domain lengths; one of Chebyshev points has Chebyshev polynomials, as
    in :class:`neurop.layers.SpectralConv`.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    modes
        Number m of frequencies \|k\| < m per axis.
    domain
        Grid with the axes; a periodic box by default.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.

    Shape
    -----
    ``(batch, in_channels, *grid)`` to ``(batch, out_channels, *grid)``. Parameters ``weights``, one
    per axis: ``(modes, in, 2, out)``, real and imaginary part; Chebyshev: ``(modes, in, out)``.

    Raises
    ------
    InputError
        If the number of grid axes is not ``len(modes)``, or an input does not fit the axes and
        channels.

    Examples
    --------
    >>> AxisConv(2, 3, modes=(4, 6))(torch.zeros(1, 2, 16, 20)).shape
    torch.Size([1, 3, 16, 20])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int],
        domain: Grid | None = None,
        padding: float = 0.25,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.modes = in_channels, out_channels, tuple(modes)
        self.domain = domain or Grid.periodic(len(self.modes))
        self.bases = padded_bases(self.domain.axes, self.modes, padding)
        # The layer preserves the variance of a field with its energy in the modes of each axis.
        std = 1 / math.sqrt(2 * in_channels * len(self.modes))
        self.weights = nn.ParameterList()
        for basis in self.bases:
            sizes, parts = weight_sizes([basis])
            shape = (*sizes, in_channels, *[2] * (parts - 1), out_channels)
            self.weights.append(nn.Parameter(std * math.sqrt(2 / parts) * torch.randn(shape)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution on the input's grid."""
        check_input(x, self.in_channels, self.domain.names)
        return self.channels_last(x.movedim(1, -1)).movedim(-1, 1)

    def channels_last(self, x: Tensor) -> Tensor:
        """Return the convolution of ``(batch, *grid, channels)``, the layout of the engine."""

        def convolve(x: Tensor) -> Tensor:
            y = None
            for axis, kept in reversed([*enumerate(self.retained_modes(x.shape[1:-1]), start=1)]):
                y = self._along(x, axis, kept, y)
            assert y is not None
            return y

        y: Tensor = in_float32(convolve, x)
        return y

    def retained_modes(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes per axis that a grid of `shape` points resolves."""
        return tuple(
            max(min(basis.modes, n), 1)
            for basis, n in zip(self.bases, self.nyquist(shape), strict=True)
        )

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return below_nyquist(self.bases, self.domain.axes, shape)

    def _along(self, x: Tensor, axis: int, kept: int, onto: Tensor | None) -> Tensor:
        """Return the convolution along one axis plus `onto`, the sum over previous axes."""
        of = (
            self.bases[axis - 1],
            kept,
            self.domain.axes[axis - 1],
            x.shape[axis],
            x.dtype,
            x.device,
        )
        c = apply_matrix(analysis_matrix(*of), x, axis, 1).movedim(axis, -2)
        # Every line of the grid is a sample: only coefficients, fewer than the points, are moved.
        y = mix_modes(
            c.flatten(0, -3), self.weights[axis - 1], self.bases[axis - 1 : axis], (kept,)
        )
        y = y.view(*c.shape[:-1], self.out_channels).movedim(-2, axis)
        synthesis = synthesis_matrix(*of)
        if onto is None:
            return apply_matrix(synthesis, y, axis, 0)
        lines, sums = y.flatten(0, axis - 1).flatten(2), onto.flatten(0, axis - 1).flatten(2)
        made = torch.baddbmm(sums, synthesis.expand(lines.shape[0], -1, -1), lines)
        return made.view(onto.shape)

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        return (
            f"{self.in_channels}, {self.out_channels}, modes={self.modes}, axes={self.domain.names}"
        )
