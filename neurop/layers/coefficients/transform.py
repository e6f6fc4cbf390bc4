"""Transforms between fields and the coefficients of their low modes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.spectral import (
    Basis,
    Fourier,
    analyze,
    below_nyquist,
    constant_tensor,
    in_float32,
    natural_basis,
    one_per_axis,
    synthesize,
)


class CoefficientTransform(nn.Module):
    r"""Orthonormal coefficients of the low modes of a field, and the field of coefficients.

    .. math:: \hat f_k = \sqrt{n_k} \int f \varphi_k, \qquad
       f = \sum_k \sqrt{n_k}\, \hat f_k \varphi_k, \qquad
       \sum_k \hat f_k^2 = \langle f^2 \rangle \ \text{(Parseval, for a field of these modes)}

    The basis of an axis follows its boundary: real Fourier (periodic), sine (dirichlet), cosine
    (neumann, open). The integral is the grid's quadrature, so the coefficients do not depend on the
    grid. At Chebyshev points the basis is of Chebyshev polynomials, and integral and mean are those
    of the angle :math:`\arccos(2 x - 1)`. Coefficients of modes that a grid does not resolve are
    zero in the analysis of its fields and are left out in the synthesis on it, so that one network
    applies to coarse grids too.

    Parameters
    ----------
    domain
        Grid with the axes.
    modes
        Number m of modes per axis: frequencies \|k\| < m (Fourier), or m functions (others).

    Raises
    ------
    InputError
        If a mode count is below 1, or their number does not fit the domain.

    Examples
    --------
    >>> transform = CoefficientTransform(Grid.periodic(1), (3,))
    >>> x = 2 + torch.cos(2 * torch.pi * torch.arange(8) / 8)
    >>> c = transform(x.view(1, 1, 8))
    >>> square = c.square() / transform.count  # the mean square of a cosine is 1/2
    >>> square.flatten().round(decimals=4).tolist()
    [4.0, 0.5, 0.0, 0.0, 0.0]
    >>> torch.allclose(transform.inverse(c, (8,)), x.view(1, 1, 8), atol=1e-6)
    True
    """

    def __init__(self, domain: Grid, modes: Sequence[int]) -> None:
        super().__init__()
        one_per_axis(domain.axes, modes)
        self.domain, self.modes = domain, tuple(modes)
        self.bases = tuple(
            natural_basis(axis, m, 1) for axis, m in zip(domain.axes, modes, strict=True)
        )
        self.sizes = tuple(basis.size for basis in self.bases)
        self.count = math.prod(self.sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled coefficients ``(batch, *sizes, channels)``.

        The scale is the square root of their number: a field ``(batch, channels, *grid)`` of mean
        square 1 with its energy in the modes has coefficients of mean square 1.
        """
        c: Tensor = in_float32(self._analyze, x)
        return c

    def inverse(self, c: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the field ``(batch, channels, *shape)`` of scaled coefficients."""
        y: Tensor = in_float32(lambda c: self._synthesize(c, shape), c)
        return y

    def project(self, x: Tensor) -> Tensor:
        """Return the projection of a field on the modes, on the same grid."""
        return self.inverse(self(x), x.shape[2:])

    def retained_modes(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes per axis that a grid of `shape` points resolves."""
        return tuple(min(m, most) for m, most in zip(self.modes, self.nyquist(shape)))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis (>= 1)."""
        return tuple(max(n, 1) for n in below_nyquist(self.bases, self.domain.axes, shape))

    def _analyze(self, x: Tensor) -> Tensor:
        shape = x.shape[2:]
        kept = self.retained_modes(shape)
        # One field per row of the batch: without channels after the points, no field is transposed.
        c = analyze(x.reshape(-1, *shape, 1), self._bases(shape), kept, self.domain.axes).squeeze(
            -1
        )
        for axis, (basis, e) in enumerate(zip(self.bases, kept), start=1):
            if e < basis.modes:
                c = _pad_modes(c, axis, basis, e)
        return (c * self._scale(c)).view(*x.shape[:2], *self.sizes).movedim(1, -1)

    def _synthesize(self, c: Tensor, shape: Sequence[int]) -> Tensor:
        kept = self.retained_modes(shape)
        batch, channels = c.shape[0], c.shape[-1]
        c = c.movedim(-1, 1).reshape(-1, *self.sizes) / self._scale(c)
        for axis, (basis, e) in enumerate(zip(self.bases, kept), start=1):
            if e < basis.modes:
                c = _drop_modes(c, axis, basis, e)
        y = synthesize(c.unsqueeze(-1), self._bases(shape), kept, self.domain.axes, tuple(shape))
        return y.reshape(batch, channels, *shape)

    def _bases(self, shape: Sequence[int]) -> list[Basis]:
        return [
            natural_basis(axis, m, n)
            for axis, m, n in zip(self.domain.axes, self.modes, shape, strict=True)
        ]

    def _scale(self, like: Tensor) -> Tensor:
        return _scale(self.bases, like.dtype, like.device)


def _parts(basis: Basis, kept: int) -> list[tuple[int, int]]:
    """Return the number of functions of retained modes and of all modes: cosines, then sines."""
    if isinstance(basis, Fourier):
        return [(kept, basis.modes), (kept - 1, basis.modes - 1)]
    return [(kept, basis.modes)]


def _pad_modes(c: Tensor, axis: int, basis: Basis, kept: int) -> Tensor:
    """Insert zeros for the modes that are not retained."""
    parts = _parts(basis, kept)
    pieces = []
    for piece, (have, want) in zip(c.split([have for have, _ in parts], dim=axis), parts):
        pieces += [piece, c.new_zeros(*c.shape[:axis], want - have, *c.shape[axis + 1 :])]
    return torch.cat(pieces, dim=axis)


def _drop_modes(c: Tensor, axis: int, basis: Basis, kept: int) -> Tensor:
    """Leave out the coefficients of the modes that are not retained."""
    parts = _parts(basis, kept)
    return torch.cat(
        [
            p.narrow(axis, 0, have)
            for p, (have, _) in zip(c.split([w for _, w in parts], dim=axis), parts)
        ],
        dim=axis,
    )


@constant_tensor(maxsize=64)
def _scale(bases: Sequence[Basis]) -> NDArray[np.float64]:
    """Return the factors, of shape `sizes`, from the engine's coefficients to the scaled ones."""
    norms = np.ones(())
    for basis in bases:
        norms = norms[..., None] * basis.norms()
    return np.asarray(np.sqrt(norms.size * norms))
