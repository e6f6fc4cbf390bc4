"""One cycle of Arnoldi's method in the complement of a known space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PASSES = 2
"""Gram-Schmidt sweeps per vector: two keep the basis orthonormal to rounding."""


class Cycle(NamedTuple):
    r"""An orthonormal basis, and the operator in it.

    :math:`A v_j = \sum_i h_{ij} w_i` with :math:`v_j = w_{k+j}`.

    Attributes
    ----------
    basis
        Rows w, ``(k + steps + 1, size)``: the given images, then the Krylov space of the residual.
    matrix
        h, ``(k + steps + 1, steps)``.
    residuals
        Least norm of the residual after each step.
    """

    basis: NDArray[Any]
    matrix: NDArray[Any]
    residuals: list[float]


def arnoldi(
    apply: Callable[[NDArray[Any]], NDArray[Any]],
    residual: NDArray[Any],
    images: NDArray[Any],
    steps: int,
    bound: float,
) -> Cycle:
    r"""Build the Krylov space of :math:`(I - C C^H)A` and a residual that is orthogonal to C.

    The least norm after step j is :math:`\|r\|/\|q\|` with the vector q that solves
    :math:`q^H \bar H_j = 0,\ q_1 = 1`, whose entries follow one by one, as :math:`\bar H_j` is a
    Hessenberg matrix. The cycle ends where that norm is below `bound` or the space is invariant.

    Parameters
    ----------
    apply
        Product with A, on vectors of ``(size,)``.
    residual
        Vector r, not zero.
    images
        Orthonormal rows C, ``(k, size)``; k may be 0.
    steps
        Most steps.
    bound
        Norm of the residual that suffices.

    References
    ----------
    Ayachour, A fast implementation for GMRES method, J. Comput. Appl. Math. 159 (2003) 269.

    Examples
    --------
    >>> rows = np.zeros((0, 3))
    >>> made = arnoldi(lambda v: v * [1, 2, 4], np.ones(3), rows, 3, 1e-12)
    >>> len(made.residuals), bool(abs(made.basis[:3] @ made.basis[:3].T - np.eye(3)).max() < 1e-12)
    (3, True)
    """
    k, size = images.shape
    norm = float(np.linalg.norm(residual))
    basis = np.zeros((k + steps + 1, size), residual.dtype)
    basis[:k], basis[k] = images, residual / norm
    matrix = np.zeros((k + steps + 1, steps), residual.dtype)
    null = np.zeros(steps + 1, residual.dtype)
    null[0], residuals = 1, []
    for j in range(steps):
        known, column = basis[: k + j + 1], matrix[: k + j + 1, j]
        v = np.array(apply(known[-1]), residual.dtype)
        before = float(np.linalg.norm(v))
        for _ in range(PASSES):
            part = (known @ v.conj()).conj()
            v -= part @ known
            column += part
        left = float(np.linalg.norm(v))
        invariant = left <= 10 * np.finfo(residual.dtype).eps * before
        if not invariant:
            matrix[k + j + 1, j], basis[k + j + 1] = left, v / left
            null[j + 1] = np.vdot(column[k:], null[: j + 1]) / -left
        residuals.append(0.0 if invariant else norm / float(np.linalg.norm(null)))
        if residuals[-1] <= bound:
            break
    done = len(residuals)
    return Cycle(basis[: k + done + 1], matrix[: k + done + 1, :done], residuals)
