"""The part of each batch that one of several processes takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch.utils.data import Sampler


class Share(Sampler[list[int]]):
    """Part of each training batch for one of several processes.

    The parts of a batch are equally large, since the processes average their gradients with equal
    weights. What remains of a batch that cannot be divided is left out.

    Parameters
    ----------
    batches
        Batches of all processes together, with the order of the indices as ``sampler``, whose epoch
        Lightning sets.
    process
        Number of this process.
    processes
        Number of processes.

    Examples
    --------
    >>> from torch.utils.data import BatchSampler
    >>> batches = BatchSampler(range(8), 4, drop_last=True)
    >>> [list(Share(batches, process, 2)) for process in range(2)]
    [[[0, 1], [4, 5]], [[2, 3], [6, 7]]]
    """

    def __init__(self, batches: Any, process: int, processes: int) -> None:
        self.batches, self.sampler = batches, batches.sampler
        self.process, self.processes = process, processes

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the part of each batch."""
        for batch in self.batches:
            size = len(batch) // self.processes
            yield batch[self.process * size : (self.process + 1) * size]


def even_batches(count: int, batch_size: int, process: int, processes: int) -> list[list[int]]:
    """Return the batches of one process of a set of which every example counts once.

    All processes have the same number of batches, so that none waits for the others, and none of
    the batches is empty; their sizes differ by at most 1.

    Parameters
    ----------
    count
        Number of examples, at least that of the processes.
    batch_size
        Largest number of examples per batch; a batch may have 2 if it is 1.
    process
        Number of this process.
    processes
        Number of processes.

    Examples
    --------
    >>> [even_batches(7, 2, process, 2) for process in range(2)]
    [[[0], [3, 4]], [[1, 2], [5, 6]]]
    """
    batches = min(math.ceil(count / (batch_size * processes)), count // processes)
    parts = batches * processes
    return [
        list(range(count * part // parts, count * (part + 1) // parts))
        for part in range(process, parts, processes)
    ]
