"""Fields as local polynomials on the patches of a domain."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.tokens import stencils
from neurop.spectral import at_least_one, in_float32


class Patches(nn.Module):
    r"""Coefficients of a field in local polynomials, and the field of coefficients, on any grid.

    The axes are divided into patches of equal length h, fractions of the domain that do not depend
    on the grid. On each the functions are products of Legendre polynomials :math:`\varphi_b` of
    mean square 1,

    .. math:: c_{tb} = \int_{[0, 1]^d} v(x_t + h s)\, \varphi_b(s)\, \mathrm{d}s, \qquad
       v(x) = \sum_b c_{tb}\, \varphi_b\bigl((x - x_t) / h\bigr), \quad x \in \text{patch } t

    The integral is that of the multilinear interpolant of the points (linearly continued to an end
    without a point), so it exists on every grid and converges with the square of the spacing. Where
    the points repeat from patch to patch it is a convolution whose stride is the patch. The field
    of coefficients is one function on all grids; between patches it jumps, and a point on a border
    has the value of the second one.

    Parameters
    ----------
    domain
        Grid with the axes.
    tokens
        Number of patches per axis.
    functions
        Number of polynomials per axis of a patch.

    Shape
    -----
    ``(batch, *grid, channels)`` to ``(batch, *tokens, functions^d, channels)``, and back.

    Raises
    ------
    InputError
        If a number is below 1, or there is not one number of patches per axis.

    Examples
    --------
    >>> from neurop.geometry.axis import Axis
    >>> patches = Patches(Grid((Axis("x", "open", layout="ends"),)), (2,), 2)
    >>> c = patches(torch.tensor([0.0, 1, 2, 3, 4]).view(1, 5, 1))  # means 1 and 3, slopes 2
    >>> c.flatten().double().round(decimals=4).tolist()
    [1.0, 0.5774, 3.0, 0.5774]
    >>> patches.fields(c, (3,)).flatten().round(decimals=4).tolist()
    [0.0, 2.0, 4.0]
    """

    def __init__(self, domain: Grid, tokens: Sequence[int], functions: int) -> None:
        super().__init__()
        if len(tokens) != domain.dimensions:
            remedy = f"the grid has {domain.dimensions} axes; give one number per axis"
            raise InputError.of("tokens", tuple(tokens), remedy)
        at_least_one(tokens=min(tokens), functions=functions)
        self.domain, self.tokens, self.functions = domain, tuple(tokens), functions

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of a field."""
        c: Tensor = in_float32(self._analyze, x)
        return c

    def fields(self, c: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the field of coefficients at the points of a grid of `shape`."""
        y: Tensor = in_float32(lambda c: self._synthesize(c, shape), c)
        return y

    def _analyze(self, x: Tensor) -> Tensor:
        d = len(self.tokens)
        for dim in range(d, 0, -1):
            key = self._key(dim, x.shape[dim])
            points = stencils.points(*key, torch.long, x.device)
            weights = stencils.weights(*key, x.dtype, x.device)
            parts = x.index_select(dim, points.flatten()).unflatten(dim, points.shape)
            made = weights @ parts.flatten(0, dim - 1).flatten(3)
            x = made.view(*x.shape[:dim], *weights.shape[:2], *x.shape[dim + 1 :])
        # From (batch, tokens, functions, tokens, functions, ..., channels).
        x = x.permute(0, *range(1, 2 * d, 2), *range(2, 2 * d + 1, 2), 2 * d + 1)
        return x.flatten(d + 1, 2 * d)

    def _synthesize(self, c: Tensor, shape: Sequence[int]) -> Tensor:
        d = len(self.tokens)
        x = c.unflatten(d + 1, (self.functions,) * d)
        x = x.permute(0, *(1 + i + half for i in range(d) for half in (0, d)), 2 * d + 1)
        for dim, n in enumerate(shape, start=1):
            key = self._key(dim, n)
            values = stencils.values(*key, c.dtype, c.device)
            place = stencils.places(*key, torch.long, c.device)
            made = (values @ x.flatten(0, dim - 1).flatten(3)).flatten(1, 2)
            x = made.index_select(1, place).view(*x.shape[:dim], n, *x.shape[dim + 2 :])
        return x

    def _key(self, dim: int, n: int) -> tuple[str, str, int, int, int]:
        axis = self.domain.axes[dim - 1]
        # In a compiled graph the stencils are constants, so the sizes may not be symbolic.
        return axis.boundary, axis.layout, operator.index(n), self.tokens[dim - 1], self.functions

    def extra_repr(self) -> str:
        """Describe the layer in ``print(model)``."""
        return f"tokens={self.tokens}, functions={self.functions}, axes={self.domain.names}"
