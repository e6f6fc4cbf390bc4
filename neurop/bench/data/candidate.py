"""One solver of a problem, ready to be timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """A solver.

    Parameters
    ----------
    path, how
        Name of the solver, and its method and settings in words.
    case
        Name of the problem.
    samples
        Number of samples that one call solves.
    solve
        Function that solves them.
    error
        Function from the result of `solve` to its error.
    """

    path: str
    how: str
    case: str
    samples: int
    solve: Callable[[], Any]
    error: Callable[[Any], float]
