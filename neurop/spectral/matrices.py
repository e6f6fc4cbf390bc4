"""The engine's matrices, built in float64 and cached by basis, axis, size, dtype and device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.symbolic import is_symbolic
from neurop.spectral import symbolic
from neurop.spectral.bases import Array, Basis, Cosine, Sine
from neurop.spectral.constants import constant_tensor


def analysis_matrix(
    basis: Basis, modes: int, axis: Axis, n: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    r"""Return :math:`A_{kj} = w_j \varphi_k(x_j)` at the n points of an axis, ``(size, n)``.

    On Legendre-Gauss latitudes cosines and sines are not orthogonal under any weights; there the
    rows are the first of the inverse of the n by n synthesis, exact for every sum of n functions.
    Those of :class:`neurop.spectral.chebyshev.Chebyshev` at its points are such rows, too.
    """
    make = symbolic.analysis if is_symbolic(n) else _analysis
    return make(replace(basis, modes=modes), axis, n, dtype, device)


def synthesis_matrix(
    basis: Basis, modes: int, axis: Axis, n: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    r"""Return :math:`S_{jk} = n_k \varphi_k(x_j)` at the n points of an axis, ``(n, size)``."""
    make = symbolic.synthesis if is_symbolic(n) else _synthesis
    return make(replace(basis, modes=modes), axis, n, dtype, device)


def point_matrix(bases: Sequence[Basis], modes: Sequence[int], points: Tensor) -> Tensor:
    r"""Return the synthesis at scattered points as one matrix.

    Row p is the Kronecker product over the axes of :math:`n_k \varphi_k(x_p)`.

    Parameters
    ----------
    bases, modes
        Basis and number of modes of each axis.
    points
        Points ``(P, d)``, as fractions of the domain.

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
    if axis.layout == "gauss" and isinstance(basis, Cosine | Sine):
        every = replace(basis, modes=max(n, basis.modes))
        inverse = np.linalg.pinv(every.functions(axis.points(n)) * every.norms())
        return inverse[: basis.size].astype(np.float64, copy=False)
    return basis.analysis(axis, n)


@constant_tensor(maxsize=1024)
def _synthesis(basis: Basis, axis: Axis, n: int) -> Array:
    return basis.functions(axis.points(n)) * basis.norms()
