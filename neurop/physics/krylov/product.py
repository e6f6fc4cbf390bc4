"""Products with a linear operator on fields of any number of dimensions, counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from neurop.errors import InputError

Operator = Any
"""Sparse or dense matrix or scipy's LinearOperator, which act on flattened fields, or a function of
a field that returns a field."""


class Product:
    r"""The map :math:`v \mapsto A M v` on flattened fields, with an optional preconditioner M.

    Parameters
    ----------
    operator
        A: a matrix (dense or sparse), a :class:`scipy.sparse.linalg.LinearOperator`, both of
        flattened fields in C order, or a function from fields to fields.
    shape
        Shape of a field, of one to any number of axes.
    preconditioner
        M, an approximate inverse of A, in one of the same forms.

    Attributes
    ----------
    count
        Products with A so far.

    Raises
    ------
    InputError
        If a matrix has not as many rows and columns as a field has values, or a function makes
        complex fields from real ones.

    Examples
    --------
    >>> doubled = Product(lambda field: 2 * field, (2, 3))
    >>> doubled(np.ones(6)).tolist(), doubled.count
    ([2.0, 2.0, 2.0, 2.0, 2.0, 2.0], 1)
    """

    def __init__(
        self, operator: Operator, shape: tuple[int, ...], preconditioner: Operator | None = None
    ) -> None:
        self.count = 0
        self._apply = _on_flat(operator, shape, "operator")
        self._approximate = (
            None if preconditioner is None else _on_flat(preconditioner, shape, "preconditioner")
        )

    def plain(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return A x."""
        self.count += 1
        return self._apply(x)

    def approximate(self, v: NDArray[Any]) -> NDArray[Any]:
        """Return M v."""
        return v if self._approximate is None else self._approximate(v)

    def __call__(self, v: NDArray[Any]) -> NDArray[Any]:
        """Return A M v."""
        return self.plain(self.approximate(v))


def _on_flat(
    operator: Operator, shape: tuple[int, ...], key: str
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    if not hasattr(operator, "shape") and callable(operator):

        def apply(v: NDArray[Any]) -> NDArray[Any]:
            made = np.asarray(operator(v.reshape(shape))).reshape(-1)
            if np.iscomplexobj(made) > np.iscomplexobj(v):
                raise InputError.of(key, "complex", "use a complex right-hand side with it")
            return made

        return apply
    size = int(np.prod(shape))
    if tuple(operator.shape) != (size, size):
        remedy = f"the right-hand side has {size} values; use a matrix of shape [{size}, {size}]"
        raise InputError.of(f"{key}.shape", tuple(operator.shape), remedy)
    if isinstance(operator, LinearOperator):
        return cast(Callable[[NDArray[Any]], NDArray[Any]], aslinearoperator(operator).matvec)
    return lambda v: np.asarray(operator @ v)
