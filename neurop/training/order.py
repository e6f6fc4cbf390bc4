"""The order in which training examples are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler


class Shuffled(Sampler[int]):
    """Random order of the indices below `count`, determined by seed and epoch.

    A resumed run therefore has the same batches; Lightning sets the epoch.

    Parameters
    ----------
    count
        Number of indices.
    seed
        Seed of the order.
    blocks
        File block of each index. If given, the order of the blocks is random, and the indices of
        `together` consecutive blocks are shuffled together, so that every block is read about once
        per epoch.
    together
        Number of blocks that fit in memory.

    Examples
    --------
    >>> order = Shuffled(6, seed=0, blocks=np.array([0, 0, 0, 1, 1, 1]), together=1)
    >>> {tuple(sorted(list(order)[:3])) for order.epoch in range(8)} == {(0, 1, 2), (3, 4, 5)}
    True
    """

    def __init__(
        self, count: int, seed: int, blocks: NDArray[np.intp] | None = None, together: int = 1
    ) -> None:
        self.count, self.seed, self.blocks, self.together, self.epoch = (
            count,
            seed,
            blocks,
            together,
            0,
        )

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order is used."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return `count`."""
        return self.count

    def __iter__(self) -> Iterator[int]:
        """Yield the indices."""
        rng = np.random.default_rng((self.seed, self.epoch))
        order = rng.permutation(self.count)
        if self.blocks is not None:
            _, numbers = np.unique(self.blocks, return_inverse=True)
            place = rng.permutation(numbers.max() + 1)[numbers[order]] // self.together
            order = order[np.argsort(place, kind="stable")]
        yield from order.tolist()


class Labelled(Shuffled):
    """Random order in which every second index is of an example with a target.

    Each batch then has both kinds. In an epoch each example without a target appears once, and
    those with one as often as needed. Where these are half of all or more, or none, the order is
    that of `Shuffled`.

    Parameters
    ----------
    labels
        Number of examples with targets, which are the first.
    count, seed, blocks, together
        As of `Shuffled`.

    Examples
    --------
    >>> order = list(Labelled(2, 8, seed=0))
    >>> len(order), set(order[::2]), sorted(order[1::2])
    (12, {0, 1}, [2, 3, 4, 5, 6, 7])
    """

    def __init__(
        self,
        labels: int,
        count: int,
        seed: int,
        blocks: NDArray[np.intp] | None = None,
        together: int = 1,
    ) -> None:
        super().__init__(count, seed, blocks, together)
        self.labels = labels if 2 * labels < count else 0

    def __len__(self) -> int:
        """Return twice the number of examples without a target, or `count`."""
        return 2 * (self.count - self.labels) if self.labels else self.count

    def __iter__(self) -> Iterator[int]:
        """Yield the indices."""
        order = np.fromiter(super().__iter__(), dtype=np.intp)
        if self.labels:
            first = order < self.labels
            without = order[~first]
            order = np.stack([np.resize(order[first], without.shape), without], axis=1).ravel()
        yield from order.tolist()
