"""First in, first out."""

from __future__ import annotations

from collections import deque

import numpy as np

from neurop.generation.policies.policy import Entry, Item, Policy


class Fifo(Policy[Item]):
    """First in, first out: each item is drawn once, in the order of the solver.

    The training waits whenever the solver is slower. Frames of one trajectory, which are alike,
    come one after the other.

    Examples
    --------
    >>> policy = Fifo(3, np.random.default_rng(0))
    >>> for letter in "abc":
    ...     policy.add(Entry(letter))
    >>> [policy.draw().item for _ in range(3)], len(policy)
    (['a', 'b', 'c'], 0)
    """

    def __init__(self, capacity: int, rng: np.random.Generator) -> None:
        super().__init__(capacity, rng)
        self._waiting: deque[Entry[Item]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def entries(self) -> list[Entry[Item]]:
        """Return the entries, the next one first."""
        return [*self._waiting]

    def add(self, entry: Entry[Item]) -> None:
        """Add an entry, unless it was drawn in an earlier run."""
        if not entry.seen:
            self._waiting.append(entry)

    def draw(self) -> Entry[Item]:
        """Remove the first entry."""
        return self._waiting.popleft()
