"""Random draws with repetition from all that is there."""

from __future__ import annotations

import numpy as np

from neurop.generation.policies.policy import Entry, Item, Policy


class Reservoir(Policy[Item]):
    """Random draws with repetition; in a full buffer a new item replaces a drawn one.

    Both are chosen uniformly. An item that was never drawn is never replaced, so that each is drawn
    at least once if the training goes on, and early items have no larger share than late ones. The
    solver waits only while all items are new, the training only for the watermark.

    Examples
    --------
    >>> policy = Reservoir(2, np.random.default_rng(0))
    >>> policy.add(Entry("a")), policy.add(Entry("b")), policy.has_room()
    (None, None, False)
    >>> drawn = policy.draw()
    >>> policy.has_room(), len(policy)
    (True, 2)
    """

    def __init__(self, capacity: int, rng: np.random.Generator) -> None:
        super().__init__(capacity, rng)
        self._fresh: list[Entry[Item]] = []
        self._seen: list[Entry[Item]] = []

    def __len__(self) -> int:
        return len(self._fresh) + len(self._seen)

    def entries(self) -> list[Entry[Item]]:
        """Return the entries, those that were not drawn first."""
        return [*self._fresh, *self._seen]

    def has_room(self) -> bool:
        """Return whether there is space, or a drawn entry to replace."""
        return bool(self._seen) or super().has_room()

    def add(self, entry: Entry[Item]) -> None:
        """Add an entry; if the buffer is full, remove one of those that were drawn."""
        if len(self) >= self.capacity:
            self.take(self._seen)
        (self._seen if entry.seen else self._fresh).append(entry)

    def draw(self) -> Entry[Item]:
        """Return a random entry, which stays."""
        number = int(self.rng.integers(len(self)))
        if number >= len(self._fresh):
            return self._seen[number - len(self._fresh)]
        entry = self.take(self._fresh, number)
        self._seen.append(entry)
        return entry
