"""Linear least-squares problems: the derivative of a function, and conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Linear = Callable[[Tensor], Tensor]


def linearized(function: Linear, at: Tensor) -> tuple[Tensor, Linear, Linear]:
    """Return the value of a function, its derivative J at a point, and the transpose of J.

    Both are products by reverse mode: J is the transpose of its transpose.

    Examples
    --------
    >>> value, apply, transpose = linearized(torch.square, torch.tensor([1.0, 2.0]))
    >>> value.tolist(), apply(torch.ones(2)).tolist(), transpose(torch.ones(2)).tolist()
    ([1.0, 4.0], [2.0, 4.0], [2.0, 4.0])
    """
    with torch.enable_grad():
        at = at.detach().requires_grad_()
        value = function(at)
        dual = torch.zeros_like(value, requires_grad=True)
        (slope,) = torch.autograd.grad(value, at, dual, create_graph=True)

    def apply(z: Tensor) -> Tensor:
        return torch.autograd.grad(slope, dual, z, retain_graph=True)[0]

    def transpose(r: Tensor) -> Tensor:
        return torch.autograd.grad(value, at, r, retain_graph=True)[0]

    return value.detach(), apply, transpose


def least_squares(
    apply: Linear, transpose: Linear, precondition: Linear, residual: Tensor, iterations: int
) -> Tensor:
    r"""Return z that reduces :math:`\lVert r + J z \rVert^2`.

    Conjugate gradients on :math:`J^\top J z = -J^\top r` without forming the product, from z = 0.
    The norm falls with every iteration.

    Parameters
    ----------
    apply, transpose
        J and its transpose.
    precondition
        Symmetric positive approximation of :math:`(J^\top J)^{-1}`.
    residual
        r, of any shape.
    iterations
        Number of products with J, fewer if the problem is solved before.

    Examples
    --------
    >>> j = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> r = torch.tensor([2.0, 1.0, 3.0])
    >>> z = least_squares(lambda z: j @ z, lambda r: r @ j, lambda z: z, r, 2)
    >>> [round(float(x), 6) for x in z]
    [-1.0, -2.0]

    References
    ----------
    Björck, Numerical Methods for Least Squares Problems, SIAM 1996, section 7.4 (PCGLS).
    """
    left = -residual
    slope = transpose(left)
    direction = precondition(slope)
    size = _dot(slope, direction)
    z = torch.zeros_like(slope)
    for _ in range(iterations):
        image = apply(direction)
        if not (length := _dot(image, image)) > 0:
            break
        step = size / length
        z, left = z + step * direction, left - step * image
        slope = transpose(left)
        better = precondition(slope)
        before, size = size, _dot(slope, better)
        direction = better + size / before * direction
    return z


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum()
