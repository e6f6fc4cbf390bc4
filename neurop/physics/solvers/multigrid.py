"""Geometric multigrid for five-point diffusion operators with jumping coefficients."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.solvers.red_black import BLACK, RED, RedBlack

COARSEST = 32
"""Most intervals per side of the grid on which the equations are solved by a dense inverse."""


class Multigrid:
    r"""A symmetric V-cycle for :class:`RedBlack` operators.

    Bilinear interpolation, its transpose, and red-black Gauss-Seidel smoothing. A grid of n
    intervals is coarsened by the smallest prime factor of n until 8 or fewer are left, or that
    factor is above 7; there the equations are solved exactly. A coarse face conducts like the fine
    faces that it replaces: in series along the flow, in parallel across it. Smoothing is in the
    order red, black before and black, red after the coarse correction, so the cycle is symmetric.
    If the grid is halved, half of the work is saved: the residual is zero at the black nodes, and
    the correction is only needed at the red ones.

    Parameters
    ----------
    x_faces, y_faces
        Couplings of :class:`RedBlack`; the cycle computes in their dtype.

    Raises
    ------
    InputError
        If the number of intervals has a prime factor that leaves a coarsest grid of more than 32.

    References
    ----------
    Briggs, Henson, McCormick, A Multigrid Tutorial, 2nd edition, SIAM 2000; chapter 8 for jumping
    coefficients.
    """

    def __init__(self, x_faces: Tensor, y_faces: Tensor) -> None:
        self.levels, self.factors = [RedBlack(x_faces, y_faces)], factors(y_faces.shape[-1])
        for factor in self.factors:
            x_faces, y_faces = _coarsened(x_faces.mT, factor).mT, _coarsened(y_faces, factor)
            self.levels.append(RedBlack(x_faces, y_faces))
        self._inverse = torch.linalg.inv(self.levels[-1].dense().double()).to(x_faces.dtype)
        self._buffers = [
            [torch.zeros_like(level.inverse[RED]) for _ in range(3)] for level in self.levels
        ]

    def __call__(self, red: Tensor) -> Tensor:
        """Return the red entries of the V-cycle for a right-hand side that is zero at black nodes.

        The cycle approximates the inverse of the Schur complement of the black nodes, and is
        symmetric and positive definite. The result is in a buffer that the next call overwrites.
        """
        return self._cycle(0, red, None)[RED]

    def _cycle(self, depth: int, red: Tensor, black: Tensor | None) -> tuple[Tensor, Tensor]:
        level = self.levels[depth]
        if depth == len(self.factors):
            b = level.join(red, torch.zeros_like(red) if black is None else black)[:, 1:-1, 1:-1]
            return level.split((self._inverse @ b.reshape(len(b), -1, 1)).reshape(b.shape), 1)
        factor, (r, u, v) = self.factors[depth], self._buffers[depth]
        sweeps = (factor + 1) // 2
        torch.mul(level.inverse[RED], red, out=u)
        level.relax(BLACK, u, v, black)
        for _ in range(sweeps - 1):
            level.relax(RED, v, u, red)
            level.relax(BLACK, u, v, black)
        level.neighbours(RED, v, r)
        if sweeps > 1:  # after one sweep the other two terms of the residual cancel
            r.add_(red).addcmul_(level.diagonal[RED], u, value=-1)
        coarse = self.levels[depth + 1]
        correction = coarse.join(
            *self._cycle(depth + 1, *coarse.split(_restricted(level, r, factor)))
        )
        _correct(level, u, correction, factor)
        for _ in range(sweeps):
            level.relax(BLACK, u, v, black)
            level.relax(RED, v, u, red)
        return u, v


def factors(n: int) -> list[int]:
    """Return the prime factors by which a grid of n intervals is coarsened.

    Raises
    ------
    InputError
        If the coarsest grid has more than 32 intervals.

    Examples
    --------
    >>> factors(420), factors(64), factors(46)
    ([2, 2, 3, 5], [2, 2, 2], [2])
    """
    found, left = [], n
    while left > 8 and (prime := next((p for p in (2, 3, 5, 7) if left % p == 0), 0)):
        found.append(prime)
        left //= prime
    if left > COARSEST:
        raise InputError(
            f"{n} intervals per side coarsen to {left}, above {COARSEST}; use a number with small "
            "prime factors, such as 420",
            "n",
            n,
        )
    return found


def _coarsened(faces: Tensor, factor: int) -> Tensor:
    """Coarsen couplings along the last axis: ``(batch, n + 1, n)`` to ``(batch, n/q + 1, n/q)``."""
    series = faces.reciprocal().unflatten(-1, (-1, factor)).sum(-1).reciprocal()
    result = series[:, ::factor].clone()
    for distance in range(1, factor // 2 + 1):
        share = 0.5 if 2 * distance == factor else 1.0
        result[:, :-1].add_(series[:, distance::factor][:, : result.shape[1] - 1], alpha=share)
        result[:, 1:].add_(series[:, factor - distance :: factor], alpha=share)
    return result


def _restricted(level: RedBlack, r: Tensor, factor: int) -> Tensor:
    """Return the transposed interpolation of a residual that is zero at the black nodes.

    Its values on the boundary have no effect.
    """
    if factor > 2:
        p = _interpolation(level.n, factor, r)
        return p.mT @ level.join(r, torch.zeros_like(r)) @ p
    corners, centres = _red_rows(level, r)
    result = corners.clone()
    for part in (result[:, 1:, 1:], result[:, 1:, :-1], result[:, :-1, 1:], result[:, :-1, :-1]):
        part.add_(centres, alpha=0.25)
    return result


def _correct(level: RedBlack, u: Tensor, coarse: Tensor, factor: int) -> None:
    """Add the bilinear interpolation of a coarse field to the red entries `u`."""
    if factor > 2:
        p = _interpolation(level.n, factor, u)
        u.add_(level.split(p @ coarse @ p.mT)[RED])
        return
    corners, centres = _red_rows(level, u)
    corners.add_(coarse)
    for part in (coarse[:, 1:, 1:], coarse[:, 1:, :-1], coarse[:, :-1, 1:], coarse[:, :-1, :-1]):
        centres.add_(part, alpha=0.25)


def _red_rows(level: RedBlack, red: Tensor) -> tuple[Tensor, Tensor]:
    """Return the red nodes with even and with odd indices, for even n.

    They are the nodes of the halved grid and the centres of its cells.
    """
    rows = red.view(len(red), -1, level.width)
    return rows[..., : level.half + 1], rows[:, : level.n // 2, level.half + 1 :]


def _interpolation(n: int, factor: int, like: Tensor) -> Tensor:
    """Return the matrix of linear interpolation to n + 1 nodes from n/factor + 1."""
    fine = torch.arange(n + 1, dtype=like.dtype, device=like.device)[:, None] / factor
    return (1 - (fine - torch.arange(n // factor + 1, device=like.device)).abs()).clamp(min=0)
