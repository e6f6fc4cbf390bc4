"""Separable transforms of channels-last fields: one small matrix product per axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral.bases import Basis
from neurop.spectral.fused import (
    analyze_rows,
    apply_rows,
    are_channels_first,
    have_kernels,
    synthesize_rows,
)
from neurop.spectral.matrices import analysis_matrix, point_matrix, synthesis_matrix


def apply_matrix(matrix: Tensor, x: Tensor, axis: int, points: int) -> Tensor:
    """Multiply `x` by `matrix` along one axis: ``(..., n, ...) -> (..., rows, ...)``.

    All axes after it are merged to one inner dimension, all axes before it to the batch of one
    product; `points` is the axis of the matrix that runs over grid points.
    """
    shape = x.shape
    # `len` and `numel` of a size would fix the batch of an exported graph.
    inner = math.prod(shape[axis + 1 :])
    if inner == 1:  # one product with many rows rather than as many with a vector
        return torch.matmul(x.reshape(shape[: axis + 1]), matrix.t()).reshape(
            *shape[:axis], matrix.shape[0], *shape[axis + 1 :]
        )
    out = apply_rows(matrix, x.reshape(math.prod(shape[:axis]), shape[axis], inner), points)
    return out.reshape(*shape[:axis], matrix.shape[0], *shape[axis + 1 :])


def check_target(target: Sequence[int] | Tensor, domain: Grid) -> None:
    """Raise InputError unless `target` is one size per axis of `domain`, or points ``(P, d)``."""
    d, names = domain.dimensions, ", ".join(domain.names)
    if isinstance(target, Tensor):
        if target.dim() != 2 or target.shape[1] != d:
            raise InputError(
                f"points have shape {tuple(target.shape)}; need (points, {d}): {names}",
                "points",
                tuple(target.shape),
            )
    elif len(target) != d:
        raise InputError(
            f"{len(target)} sizes {tuple(target)} for a grid of {d} axes ({names})",
            "shape",
            tuple(target),
        )


def analyze(
    x: Tensor,
    bases: Sequence[Basis],
    modes: Sequence[int],
    axes: Sequence[Axis],
    last_axis_done: bool = False,
) -> Tensor:
    r"""Return the coefficients of a field in a tensor-product basis.

    .. math:: c_{k_1 \dots k_d} = \sum_j w_j f(x_j) \varphi_{k_1}(x_{j_1}) \cdots
       \varphi_{k_d}(x_{j_d})

    Parameters
    ----------
    x
        Field ``(batch, n_1, ..., n_d, channels)``.
    bases, modes, axes
        Basis, number of its modes and grid axis of each dimension.
    last_axis_done
        Whether `x` is already transformed along the last axis.

    Returns
    -------
    Tensor
        ``(batch, size_1, ..., size_d, channels)``.
    """
    # The last axis first: row by row, the points of one product are adjacent in memory.
    for axis, (basis, m, where) in reversed(
        [*enumerate(zip(bases, modes, axes, strict=True), start=1)][
            : -1 if last_axis_done else None
        ]
    ):
        matrix = analysis_matrix(basis, m, where, x.shape[axis], x.dtype, x.device)
        if axis == x.dim() - 2 and are_channels_first(x):
            x = analyze_rows(matrix, x)
        else:
            x = apply_matrix(matrix, x, axis, 1)
    return x


def synthesize(
    c: Tensor,
    bases: Sequence[Basis],
    modes: Sequence[int],
    axes: Sequence[Axis],
    grid: Sequence[int] | Tensor,
    channels_first: bool = False,
) -> Tensor:
    """Evaluate coefficients on a grid or at scattered points.

    Parameters
    ----------
    c
        Coefficients ``(batch, size_1, ..., size_d, channels)``.
    bases, modes, axes
        Basis, number of its modes and grid axis of each dimension.
    grid
        Number of points per axis, or points ``(P, d)`` as fractions of the domain.
    channels_first
        Whether the channels of a field on a grid should be first in memory.

    Returns
    -------
    Tensor
        ``(batch, *grid, channels)``, or ``(batch, P, channels)``.
    """
    if isinstance(grid, Tensor):
        return apply_matrix(point_matrix(bases, modes, grid.to(c)), c.flatten(1, -2), 1, 0)
    c, last = synthesize_all_but_last_axis(c, bases, modes, axes, grid)
    if channels_first and have_kernels(c):
        return synthesize_rows(last, c)
    return apply_matrix(last, c, len(bases), 0)


def synthesize_all_but_last_axis(
    c: Tensor,
    bases: Sequence[Basis],
    modes: Sequence[int],
    axes: Sequence[Axis],
    grid: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """Evaluate coefficients along all axes but the last; arguments as for :func:`synthesize`.

    Returns
    -------
    Tensor, Tensor
        ``(batch, n_1, ..., n_{d-1}, size_d, channels)``, and the matrix ``(n_d, size_d)`` of the
        synthesis along the last axis.
    """
    matrices = [
        synthesis_matrix(basis, m, axis, n, c.dtype, c.device)
        for basis, m, axis, n in zip(bases, modes, axes, grid, strict=True)
    ]
    for axis, matrix in enumerate(matrices[:-1], start=1):
        c = apply_matrix(matrix, c, axis, 0)
    return c, matrices[-1]
