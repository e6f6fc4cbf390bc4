"""Derivatives of fields on a grid, with a rule for each axis."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.derivatives import differences, fourier
from neurop.physics.derivatives.derivatives import Derivatives
from neurop.spectral.chebyshev import Chebyshev
from neurop.spectral.constants import constant_tensor

ACCURACY = 4
"""Order of the error of finite differences by default."""


class GridDerivatives(Derivatives):
    r"""Derivatives of fields on a grid: spectral along periodic axes, differences along others.

    Along a periodic axis derivatives are exact below the Nyquist frequency and products free of
    aliases. Along an axis of Chebyshev points they are those of the interpolating polynomial, whose
    rounding errors grow as :math:`n^2` per derivative. Along others finite differences have an
    error of :math:`O(h^p)`, and :meth:`diffusion` balances the fluxes through the faces between
    points.

    Parameters
    ----------
    grid
        Grid of the trailing axes of the fields.
    accuracy
        Order p of finite differences, even; less if an axis has too few points.
    spectral
        Whether periodic axes are differentiated by Fourier series, or by differences too.

    Raises
    ------
    InputError
        If `accuracy` is not even, or the grid is a sphere.

    Examples
    --------
    >>> grid = Grid((Axis("x"), Axis("t", "open", layout="ends")))
    >>> at = [torch.as_tensor(x) for x in grid.coordinates((16, 33)).values()]
    >>> u = torch.sin(2 * torch.pi * (at[0][:, None] - at[1]))  # a wave of speed 1
    >>> d = GridDerivatives(grid, accuracy=6)
    >>> bool((d(u, "t") + d(u, "x")).abs().max() < 1e-4)
    True
    """

    def __init__(self, grid: Grid, accuracy: int = ACCURACY, spectral: bool = True) -> None:
        if accuracy < 2 or accuracy % 2:
            raise InputError.of("accuracy", accuracy, "give an even number from 2 on")
        if grid.geometry != "flat":
            raise InputError.of("grid", grid.geometry, "derivatives need a flat grid")
        self.grid, self.accuracy, self.spectral = grid, accuracy, spectral

    def __call__(self, u: Tensor, *axes: str) -> Tensor:
        """Return the derivative along the axes, in the units of the coordinates."""
        for name, order in Counter(axes).items():
            u = self._along(u, name, order)
        return u

    def product(self, *factors: Tensor) -> Tensor:
        """Return the product, without aliases along periodic axes."""
        dims = [self._dim(axis.name) for axis in self.grid.axes if self._is_fourier(axis)]
        return fourier.product(factors, dims) if dims else super().product(*factors)

    def diffusion(self, a: Tensor, u: Tensor, *axes: str) -> Tensor:
        """Return the sum over axes, by fluxes through faces where differences are used."""
        total = torch.zeros((), dtype=u.dtype, device=u.device)
        for name in axes:
            axis, dim = self._axis(name), self._dim(name)
            if self._is_fourier(axis) or axis.layout not in ("left", "ends", "cells"):
                total = total + super().diffusion(a, u, name)
            else:
                h = self._spacing(axis, u.shape[dim])
                wraps = axis.boundary == "periodic"
                total = total + differences.face_diffusion(a, u, dim, h, wraps)
        return total

    def _along(self, u: Tensor, name: str, order: int) -> Tensor:
        axis, dim = self._axis(name), self._dim(name)
        n = u.shape[dim]
        if self._is_fourier(axis):
            return fourier.differentiate(u, dim, order, axis.length)
        if axis.layout == "chebyshev":
            matrix = _chebyshev(n, order, axis.length, u.dtype, u.device)
            return differences.apply(matrix, u, dim)
        wraps = axis.boundary == "periodic"
        accuracy = self.accuracy
        while accuracy > 2 and order + accuracy > n:
            accuracy -= 2
        h = self._spacing(axis, n)
        matrix = differences.cached_matrix(n, order, accuracy, h, wraps, u.dtype, u.device)
        return differences.apply(matrix, u, dim)

    def _is_fourier(self, axis: Axis) -> bool:
        return self.spectral and axis.boundary == "periodic"

    def _axis(self, name: str) -> Axis:
        if name not in self.grid.names:
            raise InputError.of("axis", name, nearest(name, self.grid.names))
        return self.grid.axes[self.grid.names.index(name)]

    def _dim(self, name: str) -> int:
        return self.grid.names.index(name) - self.grid.dimensions

    @staticmethod
    def _spacing(axis: Axis, n: int) -> float:
        at = axis.coordinates(n)
        return float(at[1] - at[0])


@constant_tensor(maxsize=16)
def _chebyshev(n: int, order: int, length: float) -> NDArray[np.float64]:
    """Return the matrix of the derivative of a polynomial at n Chebyshev points."""
    first = Chebyshev(n).collocation_derivative() / length
    return np.asarray(np.linalg.matrix_power(first, order), np.float64)
