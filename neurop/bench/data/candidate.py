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
        Its name, and its method and settings in words.
    case
        The problem.
    samples
        How many one call solves.
    solve
        Solves them.
    error
        From what `solve` returns to its error.
    """

    path: str
    how: str
    case: str
    samples: int
    solve: Callable[[], Any]
    error: Callable[[Any], float]
