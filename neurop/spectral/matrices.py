"""The engine's matrices: built once in float64, cached per (basis, modes, axis, size, dtype,
device).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from neurop.geometry.axis import Axis
from neurop.spectral.bases import Array, Basis, Fourier
from neurop.spectral.constants import constant_tensor


def analysis_matrix(
    basis: Basis, modes: int, axis: Axis, n: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    r"""Return :math:`A_{kj} = w_j \varphi_k(x_j)` of the first `modes` modes at the axis's n
    points, shape ``(size, n)``.

    On Legendre-Gauss latitudes, where cosines and sines are not orthogonal under any weights, the
    first rows of the inverse of their n by n synthesis: exact for every sum of n of them.
    """
    return _analysis(replace(basis, modes=modes), axis, n, dtype, device)


def synthesis_matrix(
    basis: Basis, modes: int, axis: Axis, n: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    r"""Return :math:`S_{jk} = n_k \varphi_k(x_j)` of the first `modes` modes at the axis's n
    points, shape ``(n, size)``.
    """
    return _synthesis(replace(basis, modes=modes), axis, n, dtype, device)


def halved(matrix: Tensor, points: int = 0) -> tuple[Tensor, Tensor | None, int]:
    r"""Use that functions repeat or change sign after half a period: :math:`\varphi_k(x + 1/2) =
    (-1)^k \varphi_k(x)`.

    Parameters
    ----------
    matrix
        The n values of each function.
    points
        The axis along which they lie, 0 or 1.

    Returns
    -------
    Tensor, Tensor or None, int
        The first n / 2 values with the functions that repeat in front, where each function was, and
        how many repeat; or the matrix, None and 0 where this does not hold of every function.
        Contiguous.

    Examples
    --------
    >>> halved(torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, -1.0, 0.0], [1.0, 0.0, -1.0]]))
    (tensor([[1., 1., 0.],
            [1., 0., 1.]]), tensor([0, 1, 2]), 1)
    """
    if matrix not in _HALVED:
        half, order, even = _halved(matrix if points == 0 else matrix.t())
        _HALVED[matrix] = (half if points == 0 else half.t()).contiguous(), order, even
    return _HALVED[matrix]


def _halved(matrix: Tensor) -> tuple[Tensor, Tensor | None, int]:
    first, second = matrix[: len(matrix) // 2], matrix[len(matrix) // 2 :]
    if len(first) != len(second):
        return matrix, None, 0
    odd = (first * second).sum(0) < 0
    rounding = 4 * torch.finfo(matrix.dtype).eps * float(matrix.abs().max())
    if not torch.allclose(second, torch.where(odd, -first, first), rtol=0, atol=rounding):
        return matrix, None, 0
    order = torch.argsort(odd.to(torch.uint8), stable=True)
    return first[:, order], order, int((~odd).sum())


def point_matrix(bases: Sequence[Basis], modes: Sequence[int], points: Tensor) -> Tensor:
    r"""Return the synthesis at scattered points as one matrix.

    Row p is the Kronecker product over the axes of :math:`n_k \varphi_k(x_p)`.

    Parameters
    ----------
    bases, modes
        One basis and its number of modes per axis.
    points
        ``(P, d)``, as fractions of the domain.

    Returns
    -------
    Tensor
        ``(P, product of sizes)``, in the dtype and on the device of `points`.
    """
    rows = torch.ones(len(points), 1, dtype=torch.float64)
    for axis, basis in enumerate(replace(basis, modes=m) for basis, m in zip(bases, modes)):
        values = torch.from_numpy(
            basis.functions(points[:, axis].detach().double().cpu().numpy()) * basis.norms()
        )
        rows = (rows[:, :, None] * values[:, None, :]).flatten(1)
    return rows.to(points)


@constant_tensor(maxsize=1024)
def _analysis(basis: Basis, axis: Axis, n: int) -> Array:
    if axis.layout == "gauss" and not isinstance(basis, Fourier):
        every = replace(basis, modes=max(n, basis.modes))
        inverse = np.linalg.pinv(every.functions(axis.points(n)) * every.norms())
        return inverse[: basis.size].astype(np.float64, copy=False)
    return (basis.functions(axis.points(n)) * axis.weights(n)[:, None]).T


@constant_tensor(maxsize=1024)
def _synthesis(basis: Basis, axis: Axis, n: int) -> Array:
    return basis.functions(axis.points(n)) * basis.norms()


_HALVED: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
