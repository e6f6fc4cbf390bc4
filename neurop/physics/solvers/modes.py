"""Fields in the modes of a box with periodic or with zero-flux boundaries, any dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from neurop.physics.operators import dealias_mask, laplacian_symbol, truncate


class FourierModes:
    r"""Fields on a periodic box as Fourier series of the modes :math:`|k_i| < N_i/(d + 1)`.

    Products of d fields are free of aliases in these modes.

    Parameters
    ----------
    grid
        Points N per axis, with the left end.
    length
        Side of the box.
    degree
        Degree d of the products.
    like
        Tensor whose dtype and device the fields have.

    Attributes
    ----------
    laplacian
        Symbol of the Laplacian, of a shape that broadcasts against the coefficients.

    Examples
    --------
    >>> modes = FourierModes((12,), 1.0, 1, torch.zeros((), dtype=torch.float64))
    >>> u = torch.cos(2 * torch.pi * torch.arange(12, dtype=torch.float64) / 12)
    >>> [abs(round(float(x), 6)) for x in modes.fields(modes.coefficients(u), (4,))]
    [1.0, 0.0, 1.0, 0.0]
    """

    def __init__(self, grid: Sequence[int], length: float, degree: int, like: Tensor) -> None:
        self.grid, self._axes = tuple(grid), tuple(range(-len(grid), 0))
        self.laplacian = laplacian_symbol(grid, (length,) * len(grid), like.dtype, like.device)
        self._mask = dealias_mask(grid, like.device, degree)

    def coefficients(self, fields: Tensor) -> Tensor:
        """Return the coefficients ``(..., *half grid)`` of fields ``(..., *grid)``."""
        return torch.fft.rfftn(fields, dim=self._axes, norm="forward").mul_(self._mask)

    def fields(self, coefficients: Tensor, shape: Sequence[int] | None = None) -> Tensor:
        """Return the fields on `grid`, or their modes ``|k| < M/2`` on a grid of `shape` M."""
        if shape is not None:
            coefficients = truncate(coefficients, self.grid, shape)
        return torch.fft.irfftn(
            coefficients, s=tuple(shape or self.grid), dim=self._axes, norm="forward"
        )


class CosineModes:
    r"""Fields with zero normal derivative on the boundary of a box, as cosine series.

    .. math:: u(x) = \sum_{k_i < 2N_i/(d + 1)} \hat u_k \prod_i \cos\frac{\pi k_i x_i}{L}

    at the cell centres :math:`x = (j + 1/2)L/N`. Products of d fields are free of aliases in these
    modes. The transforms are products with matrices: they leave out the other modes, and run on
    any device.

    Parameters
    ----------
    grid
        Cells N per axis.
    length
        Side of the box.
    degree
        Degree d of the products.
    like
        Tensor whose dtype and device the fields have.

    Attributes
    ----------
    laplacian
        Symbol of the Laplacian, of a shape that broadcasts against the coefficients.

    Examples
    --------
    >>> modes = CosineModes((8,), 1.0, 1, torch.zeros((), dtype=torch.float64))
    >>> x = (torch.arange(8, dtype=torch.float64) + 0.5) / 8
    >>> hat = modes.coefficients(torch.cos(3 * torch.pi * x))
    >>> [abs(round(float(c), 6)) for c in hat]
    [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, grid: Sequence[int], length: float, degree: int, like: Tensor) -> None:
        self.grid, self._like = tuple(grid), like
        self._kept = tuple(min(n, math.ceil(2 * n / (degree + 1))) for n in grid)
        symbol = torch.zeros((), dtype=torch.float64)
        self._analysis = []
        for count, n in zip(self._kept, grid, strict=True):
            k = torch.arange(count, dtype=torch.float64)
            symbol = symbol[..., None] - (math.pi * k / length).square()
            norm = (2 - (k == 0).double()) / n
            self._analysis.append((norm[:, None] * _cosines(n, count).T).to(like))
        self.laplacian = symbol.to(like)
        self._synthesis = [_cosines(*sizes).to(like) for sizes in zip(self.grid, self._kept)]

    def coefficients(self, fields: Tensor) -> Tensor:
        """Return the coefficients ``(..., *modes)`` of fields ``(..., *grid)``."""
        return _along_axes(self._analysis, fields)

    def fields(self, coefficients: Tensor, shape: Sequence[int] | None = None) -> Tensor:
        """Return the fields on `grid`, or their modes ``k < M`` on a grid of `shape` M."""
        if shape is None:
            return _along_axes(self._synthesis, coefficients)
        matrices = []
        for axis, (points, kept) in enumerate(zip(shape, self._kept, strict=True), -len(shape)):
            coefficients = coefficients.narrow(axis, 0, min(points, kept))
            matrices.append(_cosines(points, min(points, kept)).to(self._like))
        return _along_axes(matrices, coefficients)


@lru_cache(maxsize=16)  # every frame asks for those of its grid
def _cosines(points: int, count: int) -> Tensor:
    """Return the modes at the centres of the cells, ``(points, count)``."""
    x = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    return torch.cos(torch.pi * x[:, None] * torch.arange(count, dtype=torch.float64))


def _along_axes(matrices: Sequence[Tensor], values: Tensor) -> Tensor:
    """Return the product of the trailing axes with one matrix each."""
    for axis, matrix in zip(range(-len(matrices), 0), matrices, strict=True):
        if axis == -1:
            values = values @ matrix.T
        else:
            values = (matrix @ values.transpose(axis, -2)).transpose(axis, -2)
    return values
