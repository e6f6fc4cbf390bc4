"""Batches of examples from sets on several grids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler


class ByGrid(Sampler[list[int]]):
    """Batches of indices into consecutive sets, each batch from one set.

    The batches of the sets follow each other as the order of the indices fills them, so that every
    set is visited at all times of an epoch. Of each set an incomplete last batch is left out,
    unless it is the only one.

    Parameters
    ----------
    sampler
        Order of the indices; Lightning sets its epoch.
    sizes
        Number of examples of each set.
    batch_size
        Number of examples per batch.

    Examples
    --------
    >>> batches = ByGrid(range(7), sizes=[4, 3], batch_size=2)
    >>> list(batches), len(batches)
    ([[0, 1], [2, 3], [4, 5]], 3)
    """

    def __init__(
        self, sampler: Sampler[int] | Sequence[int], sizes: Sequence[int], batch_size: int
    ) -> None:
        self.sampler, self.sizes, self.batch_size = sampler, list(sizes), batch_size

    def __len__(self) -> int:
        """Return the number of batches."""
        return sum(max(1, size // self.batch_size) for size in self.sizes)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches."""
        ends = np.cumsum(self.sizes)
        open_batches: list[list[int]] = [[] for _ in self.sizes]
        for index in self.sampler:
            number = int(np.searchsorted(ends, index, side="right"))
            batch = open_batches[number]
            batch.append(index)
            if len(batch) == min(self.batch_size, self.sizes[number]):
                yield batch
                open_batches[number] = []
