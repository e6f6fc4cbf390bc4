"""First in, random out."""

from __future__ import annotations

import numpy as np

from neurop.generation.policies.policy import Entry, Item, Policy


class Firo(Policy[Item]):
    """First in, random out: each item is drawn once, in random order.

    The draws mix the items that are there at the same time: use it with a watermark, below which
    the training waits.

    Examples
    --------
    >>> policy = Firo(3, np.random.default_rng(0))
    >>> for letter in "abc":
    ...     policy.add(Entry(letter))
    >>> sorted(policy.draw().item for _ in range(3)), len(policy)
    (['a', 'b', 'c'], 0)
    """

    def __init__(self, capacity: int, rng: np.random.Generator) -> None:
        super().__init__(capacity, rng)
        self._waiting: list[Entry[Item]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def entries(self) -> list[Entry[Item]]:
        """Return the entries."""
        return [*self._waiting]

    def add(self, entry: Entry[Item]) -> None:
        """Add an entry, unless it was drawn in an earlier run."""
        if not entry.seen:
            self._waiting.append(entry)

    def draw(self) -> Entry[Item]:
        """Remove a random entry."""
        return self.take(self._waiting)
