"""An order of solution in which similar systems follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurop.errors import InputError


def greedy_order(fields: ArrayLike) -> NDArray[np.intp]:
    r"""Return a walk through fields that always goes to the nearest one that is left.

    It starts at the first field; the distance is :math:`\|a_i - a_j\|_2` over all values. Memory is
    that of the fields, and the time grows with the square of their number.

    Parameters
    ----------
    fields
        Coefficients of the systems, ``(systems, *shape)``, real or complex.

    Returns
    -------
    NDArray
        Numbers of the systems in order of solution.

    Raises
    ------
    InputError
        If a value is not finite.

    References
    ----------
    Wang et al., Accelerating data generation for neural operators via Krylov subspace recycling,
    ICLR 2024, arXiv:2401.09516.

    Examples
    --------
    >>> greedy_order([[0.0], [5.0], [1.0], [4.0]]).tolist()
    [0, 2, 3, 1]
    """
    flat = np.asarray(fields).reshape(len(np.asarray(fields)), -1)
    bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    if len(bad):
        raise InputError.of("fields", int(bad[0]), "this system is not finite; use finite values")
    order, left = np.zeros(len(flat), np.intp), np.arange(1, len(flat))
    for i in range(1, len(flat)):
        apart: NDArray[Any] = np.abs(flat[left] - flat[order[i - 1]])
        nearest = int(np.einsum("ij,ij->i", apart, apart).argmin())
        order[i], left = left[nearest], np.delete(left, nearest)
    return order
