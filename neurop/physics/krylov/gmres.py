"""Restarted GMRES."""

from __future__ import annotations

from numpy.typing import ArrayLike

from neurop.physics.krylov.product import Operator
from neurop.physics.krylov.recycling import MOST_PRODUCTS, gcro_dr
from neurop.physics.krylov.solution import Solution


def gmres(
    operator: Operator,
    right: ArrayLike,
    *,
    start: ArrayLike | None = None,
    preconditioner: Operator | None = None,
    restart: int = 40,
    tolerance: float = 1e-8,
    most_products: int = MOST_PRODUCTS,
) -> Solution:
    r"""Solve :math:`A x = b` by GMRES(m): the least residual over m steps, then a restart.

    It is :func:`~neurop.physics.krylov.recycling.gcro_dr` with no space, which describes the
    arguments and the result.

    References
    ----------
    Saad, Schultz, GMRES: a generalized minimal residual algorithm for solving nonsymmetric linear
    systems, SIAM J. Sci. Stat. Comput. 7 (1986) 856.

    Examples
    --------
    >>> import numpy as np
    >>> solution = gmres(np.array([[0.0, 1.0], [-1.0, 0.0]]), [1.0, 2.0])
    >>> solution.values.round(12).tolist(), solution.iterations
    ([-2.0, 1.0], 2)
    """
    return gcro_dr(
        operator,
        right,
        start=start,
        preconditioner=preconditioner,
        restart=restart,
        recycled=0,
        tolerance=tolerance,
        most_products=most_products,
    )
