"""The result of a Krylov solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Solution:
    """A solution, and what it cost.

    Parameters
    ----------
    values
        Solution x, of the shape of the right-hand side.
    residuals
        Norms of the residual relative to that of the right-hand side: at the start, after the
        projection on a given space, and after every Arnoldi step. The last is computed from
        `values`, the others by recurrence.
    iterations
        Arnoldi steps.
    products
        Products with the operator, those with the given space and for the residual included.
    space
        Space for the next system, ``(k, *shape)``.
    converged
        The last residual is within the tolerance.
    """

    values: NDArray[Any]
    residuals: NDArray[Any]
    iterations: int
    products: int
    space: NDArray[Any]
    converged: bool
