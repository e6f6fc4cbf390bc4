"""GCRO-DR: restarted GMRES with a space that is kept between restarts and between systems."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurop.errors import InputError
from neurop.physics.krylov.arnoldi import arnoldi
from neurop.physics.krylov.product import Operator, Product
from neurop.physics.krylov.solution import Solution
from neurop.physics.krylov.space import Extended, Space

MOST_PRODUCTS = 20_000


def gcro_dr(
    operator: Operator,
    right: ArrayLike,
    *,
    start: ArrayLike | None = None,
    space: NDArray[Any] | None = None,
    preconditioner: Operator | None = None,
    restart: int = 40,
    recycled: int = 20,
    tolerance: float = 1e-8,
    most_products: int = MOST_PRODUCTS,
) -> Solution:
    r"""Solve :math:`A x = b`, deflated by a space U of dimension k.

    With :math:`C = A M U,\ C^H C = I` the residual is projected to the complement of C, and each
    cycle minimises it over U and the Krylov space of m - k steps of :math:`(I - CC^H) A M`. After a
    cycle U becomes the harmonic Ritz vectors of the smallest Ritz values. The first cycle without a
    space is one of GMRES(m); with k = 0 all of them are.

    A sequence of similar systems hands the space of each to the next. Products with it cost k
    products per system, and the vectors of a cycle m of the size of x.

    Parameters
    ----------
    operator
        A, real or complex: a dense or sparse matrix or a LinearOperator of flattened fields, or a
        function from fields to fields.
    right
        Right-hand side b, a field of any number of axes; complex if A is a complex function.
    start
        Initial guess of x; zero by default.
    space
        U of an earlier :class:`~neurop.physics.krylov.solution.Solution`, ``(k, *shape)``, before
        the preconditioner; of more than m - 1 vectors the first are used.
    preconditioner
        M, an approximate inverse of A, in the forms of A; the residual stays that of A.
    restart
        Most vectors m of a cycle.
    recycled
        Dimension k < m of the space that is kept.
    tolerance
        Bound of :math:`\|b - Ax\| / \|b\|`.
    most_products
        Products with A after which it gives up.

    Raises
    ------
    InputError
        For a `recycled` out of 0..restart - 1, a tolerance that is not positive, a matrix, a start
        or a space of another size, or a function that makes complex fields from a real b.

    References
    ----------
    Parks, de Sturler, Mackey, Johnson, Maiti, Recycling Krylov subspaces for sequences of linear
    systems, SIAM J. Sci. Comput. 28 (2006) 1651.

    Examples
    --------
    >>> eigenvalues = np.linspace(0.01, 1, 200) ** 2
    >>> first = gcro_dr(lambda v: eigenvalues * v, np.ones(200))
    >>> second = gcro_dr(lambda v: eigenvalues * v, np.arange(200.0), space=first.space)
    >>> second.converged, second.iterations < first.iterations / 2
    (True, True)
    """
    if not 0 <= recycled < restart:
        raise InputError.of("recycled", recycled, f"use 0 to restart - 1 = {restart - 1}")
    if not tolerance > 0:
        raise InputError.of("tolerance", tolerance, "use a number above 0")
    field = np.asarray(right)
    if start is not None and np.shape(start) != field.shape:
        raise InputError.of("start.shape", np.shape(start), f"use {list(field.shape)}, that of b")
    if space is not None and space.shape[1:] != field.shape:
        remedy = f"use a space of fields of {list(field.shape)}, the shape of b"
        raise InputError.of("space.shape", space.shape, remedy)
    parts = (operator, preconditioner, field, start, space)
    kind = np.result_type(np.float64, *(getattr(part, "dtype", float) for part in parts))
    product, b = Product(operator, field.shape, preconditioner), field.reshape(-1).astype(kind)
    x = np.zeros_like(b) if start is None else np.array(start, kind).reshape(-1)
    r = b.copy() if start is None else b - product.plain(x)
    size = _norm(b) or 1.0
    bound, history, steps = tolerance * size, [_norm(r)], 0
    known = Space.of(*np.zeros((2, 0, b.size), kind))
    if space is not None and history[0] > bound:
        given = np.asarray(space, kind).reshape(len(space), b.size)[: restart - 1]
        known = Space.of(given, np.array([product(v) for v in given]).reshape(given.shape))
    while _norm(r) > bound and product.count < most_products:
        if len(known.vectors):
            move, r = known.solve(r)
            x = x + product.approximate(move)
            history.append(_norm(r))
        while history[-1] > bound and product.count < most_products:
            left = min(restart - len(known.vectors), most_products - product.count)
            cycle = arnoldi(product, r, known.images, left, bound)
            wider = Extended(known, cycle)
            move, r = wider.solve(r)
            x = x + product.approximate(move)
            history += [*cycle.residuals[:-1], _norm(r)]
            steps += len(cycle.residuals)
            known = wider.smallest(recycled)
        # The recurrence has converged; rounding may have kept the solution from it.
        r = b - product.plain(x)
        history[-1] = _norm(r)
    return Solution(
        x.reshape(field.shape),
        np.array(history) / size,
        steps,
        product.count,
        known.vectors.reshape(-1, *field.shape),
        history[-1] <= bound,
    )


def _norm(v: NDArray[Any]) -> float:
    return float(np.linalg.norm(v))
