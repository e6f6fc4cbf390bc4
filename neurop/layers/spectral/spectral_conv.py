"""Spectral convolution (Li et al., Fourier Neural Operator, 2021, arXiv:2010.08895), in real
arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.spectral import (
    Fourier,
    analysis_matrix,
    analyze,
    check_target,
    from_signed,
    in_float32,
    mix,
    mix_packed,
    restrict,
    signed_sizes,
    spacing,
    synthesize,
    to_signed,
    unfinished,
)


class SpectralConv(nn.Module):
    r"""Convolution by a kernel with few Fourier modes, evaluated on any grid.

    .. math:: (K v)_o(x) = \sum_{|k| < m} \sum_i R_{kio}\, \hat v_i(k)\, e^{2\pi i k \cdot x},
       \qquad \hat v_i(k) = \int v_i(x)\, e^{-2\pi i k \cdot x} \mathrm{d}x

    Only the kept modes are computed, as products with small cosine and sine matrices: no FFT, no
    complex tensor. The integral is the grid's quadrature, so a band-limited field gives the same
    function on every grid that resolves it. An axis that is not periodic is continued by zeros over
    `padding` domain lengths.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    modes
        Frequencies \|k\| < m per axis, one number per dimension.
    domain
        The grid's axes (boundary, layout of points); a periodic box by default.
    padding
        Continuation of axes that are not periodic, as a fraction of the domain.
    alias
        ``strict`` drops modes at or beyond either grid's Nyquist frequency; ``fft`` keeps the mode
        at it, exactly as ``torch.fft.rfftn`` and ``irfftn`` of zero-filled spectra do (periodic
        axes).
    weight
        What mixes the channels of the modes in place of a dense weight, a :class:`Factorized` one
        for example.

    Shape
    -----
    Input ``(batch, in_channels, *grid)``, output ``(batch, out_channels, *grid')``, or ``(batch,
    out_channels, P)`` at P points. Parameter ``weight``: ``(*signed modes, in, 2, out)``, real,
    unless one is given.

    Raises
    ------
    InputError
        If the number of grid axes is not ``len(modes)``, or input or `grid` does not fit the axes
        and channels.

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
        alias: Literal["strict", "fft"] = "strict",
        weight: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.modes = tuple(modes)
        self.domain = domain or Grid.periodic(len(self.modes))
        self.alias = alias
        if self.domain.dimensions != len(self.modes):
            raise InputError(
                f"modes={self.modes} for {self.domain.dimensions} grid axes; give one number per "
                "axis"
            )
        periodic = [axis.boundary == "periodic" for axis in self.domain.axes]
        if alias == "fft" and not all(periodic):
            raise InputError("alias='fft' is for periodic axes; use 'strict'")
        self.bases = tuple(
            Fourier(m, 1.0 if wraps else 1.0 + padding) for m, wraps in zip(self.modes, periodic)
        )
        self.weight: Any
        if weight is None:
            # A field whose energy lies in the kept modes leaves with the variance with which it
            # came.
            self.weight = nn.Parameter(
                torch.randn(*signed_sizes(self.modes), in_channels, 2, out_channels)
                / math.sqrt(2 * in_channels)
            )
        else:
            self.weight = weight

    def forward(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the convolution on `grid`: sizes (default: the input's), or points ``(P, d)``
        in fractions of the domain.
        """
        if x.dim() != 2 + len(self.modes) or x.shape[1] != self.in_channels:
            raise InputError(
                f"input has shape {tuple(x.shape)}; need (batch, {self.in_channels}, "
                f"{', '.join(self.domain.names)})"
            )
        if grid is not None:
            check_target(grid, self.domain)
        # A tensor whose channels lie last in memory passes through both turns without a copy.
        return self.channels_last(x.movedim(1, -1), grid).movedim(-1, 1)

    def channels_last(self, x: Tensor, grid: Sequence[int] | Tensor | None = None) -> Tensor:
        """Return the same for ``(batch, *grid, channels)``, the layout in which the engine
        works.
        """
        target = x.shape[1:-1] if grid is None else grid
        kept = self.kept(x.shape[1:-1], None if isinstance(target, Tensor) else target)

        def convolve(x: Tensor) -> Tensor:
            return synthesize(
                self._mixed(x, kept, target),
                self.bases,
                kept,
                self.domain.axes,
                target,
                fold=self.alias == "fft",
            )

        y: Tensor = in_float32(convolve, x)
        return y

    def unfinished(self, x: Tensor, begun: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return :meth:`channels_last` before its last product, ``(batch, n_1, ..., size_d,
        channels)``, and the matrix of that product.

        `begun`, if given, is ``first_matrix(x) @ x``.
        """
        shape = x.shape[1:-1]
        kept = self.kept(shape)

        def convolve(given: Tensor) -> tuple[Tensor, Tensor]:
            c = self._mixed(given, kept, shape, begun is not None)
            return unfinished(
                c, self.bases, kept, self.domain.axes, shape, fold=self.alias == "fft"
            )

        made: tuple[Tensor, Tensor] = in_float32(convolve, x if begun is None else begun)
        return made

    def first_matrix(self, x: Tensor) -> Tensor:
        """Return the matrix ``(size_d, n_d)`` with which the transform of a channels-last `x`
        begins, along its last grid axis.
        """
        shape, last = x.shape[1:-1], self.bases[-1]
        dtype = torch.float32 if torch.is_autocast_enabled(x.device.type) else x.dtype
        return analysis_matrix(
            last, self.kept(shape)[-1], self.domain.axes[-1], shape[-1], dtype, x.device
        )

    def kept(self, shape: Sequence[int], grid: Sequence[int] | None = None) -> tuple[int, ...]:
        """Return how many modes per axis both the input grid and the output grid resolve."""
        kept = []
        for basis, axis, *sizes in zip(
            self.bases, self.domain.axes, shape, shape if grid is None else grid
        ):
            limits = [
                n // 2 + 1 if self.alias == "fft" else basis.resolved(spacing(axis, n))
                for n in sizes
            ]
            kept.append(max(min(basis.modes, *limits), 1))
        return tuple(kept)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis, whatever
        the layer has.
        """
        axes = zip(self.bases, self.domain.axes, shape, strict=True)
        return tuple(basis.resolved(spacing(axis, n)) for basis, axis, n in axes)

    def _mixed(
        self, x: Tensor, kept: Sequence[int], target: Sequence[int] | Tensor, begun: bool = False
    ) -> Tensor:
        """Return the coefficients of the convolution; `begun`: of an `x` that is transformed
        along the last axis already.
        """
        c = analyze(x, self.bases, kept, self.domain.axes, begun)
        dense = isinstance(self.weight, Tensor)
        if self.alias == "strict":
            return mix_packed(c, self.weight, self.modes, kept) if dense else self.weight(c, kept)
        weight = restrict(self.weight, self.modes, kept) if dense else self.weight.dense(kept)
        y = mix(to_signed(c, kept), weight)
        return from_signed(self._drop_positive_nyquist(y, kept, x.shape[1:-1], target), kept)

    def _drop_positive_nyquist(
        self, y: Tensor, kept: Sequence[int], shape: Sequence[int], target: Sequence[int] | Tensor
    ) -> Tensor:
        # A complex FFT of even length n holds -n/2 and not +n/2.
        outputs = shape if isinstance(target, Tensor) else target
        for axis, (e, n_in, n_out) in enumerate(zip(kept[:-1], shape, outputs), start=2):
            if e > 1 and 2 * (e - 1) in (n_in, n_out):
                keep = torch.ones(y.shape[axis], dtype=y.dtype, device=y.device)
                keep[e - 1] = 0
                y = y * keep.view(-1, *[1] * (y.dim() - axis - 1))
        return y

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        return (
            f"{self.in_channels}, {self.out_channels}, modes={self.modes}, axes={self.domain.names}"
        )
