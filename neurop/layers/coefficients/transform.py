"""From fields to the coefficients of their low modes and back: the two transforms of a network
that lives in between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.spectral import (
    Basis,
    Fourier,
    analyze,
    constant_tensor,
    in_float32,
    natural_basis,
    spacing,
    synthesize,
)


class CoefficientTransform(nn.Module):
    r"""Orthonormal coefficients of the low modes of a field, and the field of coefficients.

    .. math:: \hat f_k = \sqrt{n_k} \int f \varphi_k, \qquad
       f = \sum_k \sqrt{n_k}\, \hat f_k \varphi_k, \qquad
       \sum_k \hat f_k^2 = \langle f^2 \rangle \ \text{(Parseval, for a field of these modes)}

    The basis of an axis follows its boundary: real Fourier (periodic), sine (dirichlet), cosine
    (neumann, open). The integral is the grid's quadrature, so the coefficients do not depend on the
    grid. Modes that a grid does not resolve are zero in what comes from it and left out in what is
    evaluated on it: a coarse grid sees what it can of the same network.

    Parameters
    ----------
    domain
        The grid's axes.
    modes
        Modes per axis: frequencies \|k\| < m (Fourier), or m functions (cosine, sine).

    Raises
    ------
    InputError
        If a mode count is below 1, or their number does not fit the domain.

    Examples
    --------
    >>> transform = CoefficientTransform(Grid.periodic(1), (3,))
    >>> x = 2 + torch.cos(2 * torch.pi * torch.arange(8) / 8)
    >>> c = transform(x.view(1, 1, 8))
    >>> (c.square() / transform.count).flatten().abs().round(decimals=4).tolist()  # a cosine has the mean square 1/2
    [4.0, 0.5, 0.0, 0.0, 0.0]
    >>> torch.allclose(transform.inverse(c, (8,)), x.view(1, 1, 8), atol=1e-6)
    True
    """

    def __init__(self, domain: Grid, modes: Sequence[int]) -> None:
        super().__init__()
        if len(modes) != domain.dimensions:
            raise InputError(
                f"modes={tuple(modes)} for {domain.dimensions} grid axes; give one number per axis"
            )
        self.domain, self.modes = domain, tuple(modes)
        self.bases = tuple(
            natural_basis(axis, m, 1) for axis, m in zip(domain.axes, modes, strict=True)
        )
        self.sizes = tuple(basis.size for basis in self.bases)
        self.count = math.prod(self.sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients ``(batch, *sizes, channels)`` of ``(batch, channels, *grid)``,
        times the root of their number.

        A field of mean square 1 whose energy lies in the modes then has coefficients of mean square
        1.
        """
        c: Tensor = in_float32(self._analyze, x)
        return c

    def inverse(self, c: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the field ``(batch, channels, *shape)`` of such coefficients."""
        y: Tensor = in_float32(lambda c: self._synthesize(c, shape), c)
        return y

    def project(self, x: Tensor) -> Tensor:
        """Return the part of a field that the modes hold, on the same grid."""
        return self.inverse(self(x), x.shape[2:])

    def kept(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return how many of the modes a grid of `shape` points resolves, per axis."""
        return tuple(min(m, most) for m, most in zip(self.modes, self.nyquist(shape)))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis, and at
        least 1.
        """
        axes = zip(self.bases, self.domain.axes, shape, strict=True)
        return tuple(max(basis.resolved(spacing(axis, n)), 1) for basis, axis, n in axes)

    def _analyze(self, x: Tensor) -> Tensor:
        shape = x.shape[2:]
        kept = self.kept(shape)
        # One field per row of the batch: with no channels after the points, no field is ever
        # transposed.
        c = analyze(x.reshape(-1, *shape, 1), self._bases(shape), kept, self.domain.axes).squeeze(
            -1
        )
        for axis, (basis, e) in enumerate(zip(self.bases, kept), start=1):
            if e < basis.modes:
                c = _widened(c, axis, basis, e)
        return (c * self._scale(c)).view(*x.shape[:2], *self.sizes).movedim(1, -1)

    def _synthesize(self, c: Tensor, shape: Sequence[int]) -> Tensor:
        kept = self.kept(shape)
        batch, channels = c.shape[0], c.shape[-1]
        c = c.movedim(-1, 1).reshape(-1, *self.sizes) / self._scale(c)
        for axis, (basis, e) in enumerate(zip(self.bases, kept), start=1):
            if e < basis.modes:
                c = _narrowed(c, axis, basis, e)
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
    """Return, for each run of functions of a basis, how many belong to the kept modes and how
    many there are.
    """
    if isinstance(basis, Fourier):
        return [(kept, basis.modes), (kept - 1, basis.modes - 1)]
    return [(kept, basis.modes)]


def _widened(c: Tensor, axis: int, basis: Basis, kept: int) -> Tensor:
    """Put zeros where coefficients of the modes that are not kept belong."""
    parts = _parts(basis, kept)
    pieces = []
    for piece, (have, want) in zip(c.split([have for have, _ in parts], dim=axis), parts):
        pieces += [piece, c.new_zeros(*c.shape[:axis], want - have, *c.shape[axis + 1 :])]
    return torch.cat(pieces, dim=axis)


def _narrowed(c: Tensor, axis: int, basis: Basis, kept: int) -> Tensor:
    """Leave out the coefficients of the modes that are not kept."""
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
    """Return the factor from the engine's coefficients to orthonormal ones times the root of
    their number, of shape `sizes`.
    """
    norms = np.ones(())
    for basis in bases:
        norms = norms[..., None] * basis.norms()
    return np.asarray(np.sqrt(norms.size * norms))
