"""Finite differences of any order on equidistant points."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.spectral.constants import constant_tensor


def stencil(offsets: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    r"""Return weights w with :math:`\sum_j w_j f(x + o_j) \approx f^{(n)}(x)`.

    They are exact for polynomials of a degree below the number of points.

    Examples
    --------
    >>> stencil(np.array([-1.0, 0.0, 1.0]), 2).tolist()
    [1.0, -2.0, 1.0]
    """
    powers = np.vander(offsets, increasing=True).T
    target = np.zeros(len(offsets))
    target[order] = math.factorial(order)
    return np.asarray(np.linalg.solve(powers, target), dtype=np.float64)


def difference_matrix(
    n: int, order: int, accuracy: int, spacing: float, periodic: bool
) -> NDArray[np.float64]:
    r"""Return the matrix of the n-th derivative on equidistant points, ``(n, n)``.

    Central differences inside, one-sided ones of the same accuracy at the ends.

    Parameters
    ----------
    n
        Number of points.
    order
        Order of the derivative, 1 or more.
    accuracy
        Order p of the error :math:`O(h^p)`, even.
    spacing
        Distance of neighbouring points.
    periodic
        Whether the last point is followed by the first.

    Raises
    ------
    InputError
        If there are too few points for the stencil.

    Examples
    --------
    >>> difference_matrix(4, 1, 2, 1.0, periodic=False)[0].tolist()
    [-1.5, 2.0, -0.5, 0.0]
    """
    reach = (order + 1) // 2 - 1 + accuracy // 2
    width = order + accuracy if order + accuracy > 2 * reach + 1 else 2 * reach + 1
    if n < width:
        remedy = (
            f"{width} are needed for the derivative of order {order} with an error of order "
            f"{accuracy}; take more points, or a lower accuracy"
        )
        raise InputError.of("points", n, remedy)
    matrix = np.zeros((n, n))
    for row in range(n):
        if periodic or reach <= row < n - reach:
            offsets = np.arange(-reach, reach + 1)
        else:
            first = 0 if row < reach else n - width
            offsets = np.arange(first, first + width) - row
        matrix[row, (row + offsets) % n] += stencil(offsets.astype(np.float64), order)
    return matrix / spacing**order


cached_matrix = constant_tensor(maxsize=64)(difference_matrix)
"""The matrix as a tensor; after its arguments come dtype and device."""


def apply(matrix: Tensor, u: Tensor, dim: int) -> Tensor:
    """Return a matrix times the values along a dimension."""
    return (u.movedim(dim, -1) @ matrix.T).movedim(-1, dim)


def face_diffusion(a: Tensor, u: Tensor, dim: int, spacing: float, periodic: bool) -> Tensor:
    r"""Return :math:`\partial (a\, \partial u)` by the fluxes through the faces between points.

    .. math:: \frac{a_{i+1/2} (u_{i+1} - u_i) - a_{i-1/2} (u_i - u_{i-1})}{h^2}, \qquad
       a_{i+1/2} = \frac{2 a_i a_{i+1}}{a_i + a_{i+1}},

    of second order. The central difference of a central difference does not see a field that
    alternates between neighbours (a checkerboard); fluxes do. Without a period the first and the
    last value are 0: there the boundary condition holds, not the equation.

    Parameters
    ----------
    a, u
        Coefficient, above 0, and field.
    dim
        Dimension of the axis.
    spacing
        Distance h of neighbouring points.
    periodic
        Whether the last point is followed by the first.
    """
    a, u = torch.broadcast_tensors(a, u)
    a, u = a.movedim(dim, -1), u.movedim(dim, -1)
    if periodic:
        a, u = (torch.cat([x[..., -1:], x, x[..., :1]], dim=-1) for x in (a, u))
    face = 2 * a[..., 1:] * a[..., :-1] / (a[..., 1:] + a[..., :-1])
    inner = (face * u.diff(dim=-1)).diff(dim=-1) / spacing**2
    if not periodic:
        inner = torch.nn.functional.pad(inner, (1, 1))
    return inner.movedim(-1, dim)
