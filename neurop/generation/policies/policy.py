"""The base class of policies: which items a buffer keeps, draws and gives up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(eq=False, slots=True)
class Entry(Generic[Item]):
    """An item in a buffer.

    Parameters
    ----------
    item
        The item.
    seen
        Whether it was drawn, in an earlier run too.
    draws
        Number of draws in this run.
    """

    item: Item
    seen: bool = False
    draws: int = 0


class Policy(ABC, Generic[Item]):
    """Base class of policies. One thread at a time calls it: the buffer has the lock.

    Parameters
    ----------
    capacity
        Largest number of entries.
    rng
        Generator of the random choices.
    """

    def __init__(self, capacity: int, rng: np.random.Generator) -> None:
        self.capacity, self.rng = capacity, rng

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of entries."""

    @abstractmethod
    def entries(self) -> list[Entry[Item]]:
        """Return the entries."""

    def has_room(self) -> bool:
        """Return whether an entry can be added."""
        return len(self) < self.capacity

    @abstractmethod
    def add(self, entry: Entry[Item]) -> None:
        """Add an entry, in place of another if there are `capacity` of them."""

    @abstractmethod
    def draw(self) -> Entry[Item]:
        """Return the next entry, of one or more; the caller sets `seen`."""

    def take(self, entries: list[Entry[Item]], number: int | None = None) -> Entry[Item]:
        """Remove an entry of a list, by default a random one, and return it.

        The last one moves to its place, which takes the same time in a list of any length.
        """
        number = int(self.rng.integers(len(entries))) if number is None else number
        entries[number], entries[-1] = entries[-1], entries[number]
        return entries.pop()
