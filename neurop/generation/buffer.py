"""Samples that a solver makes while they are used: a bounded stock in memory, and the processes
that fill it.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.generation.dataset import SolvedDataset
from neurop.generation.worker import Worker

Item = TypeVar("Item")


class Buffer(Generic[Item]):
    """A bounded stock from which items are drawn uniformly, again and again, while new ones take
    the place of drawn ones.

    As long as it is not full, items are added. Then a new one replaces one that was drawn, chosen
    uniformly, and where none was drawn yet it waits: so every item is used at least once, and the
    early ones have no larger share than the late ones. Any number of threads may use it.

    Parameters
    ----------
    capacity
        Number of items, at least 1.
    seed
        Of the draws.

    Attributes
    ----------
    drawn
        Number of different items that were drawn.

    Raises
    ------
    InputError
        If the capacity is below 1.

    Examples
    --------
    >>> reservoir = Buffer(2)
    >>> reservoir.put("a"), reservoir.put("b")
    (True, True)
    >>> first = reservoir.draw()
    >>> reservoir.put("c")
    True
    >>> sorted(reservoir.items()) == sorted({"a", "b", "c"} - {first})
    True

    References
    ----------
    Meyer et al., Training deep surrogate models with large scale online learning, ICML 2023,
    arXiv:2306.16133.
    """

    def __init__(self, capacity: int, seed: int | tuple[int, ...] = 0) -> None:
        if capacity < 1:
            raise InputError(f"training.reservoir={capacity}: a stock holds 1 sample or more")
        self.capacity, self.drawn = capacity, 0
        self._fresh: list[Item] = []
        self._used: list[Item] = []
        self._rng = np.random.default_rng(seed)
        self._change = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._fresh) + len(self._used)

    def items(self) -> list[Item]:
        """Return what is in stock."""
        with self._change:
            return [*self._fresh, *self._used]

    def put(self, item: Item, drawn: bool = False) -> bool:
        """Add an item, when there is room for it; return False if the stock was closed before.

        Parameters
        ----------
        item
            What to add.
        drawn
            Whether it was drawn in an earlier run.
        """
        with self._change:
            self._change.wait_for(lambda: self._closed or self._used or len(self) < self.capacity)
            if self._closed:
                return False
            if len(self) >= self.capacity:
                self._take(self._used)
            (self._used if drawn else self._fresh).append(item)
            return True

    def draw(self) -> Item:
        """Return an item, each in stock with the same probability; it stays.

        Raises
        ------
        IndexError
            If there is none.
        """
        with self._change:
            if self._error is not None:
                raise self._error
            number = int(self._rng.integers(len(self))) if len(self) else 0
            if number >= len(self._fresh):
                return self._used[number - len(self._fresh)]
            item = self._take(self._fresh, number)
            self._used.append(item)
            self.drawn += 1
            self._change.notify()
            return item

    def close(self, error: BaseException | None = None) -> None:
        """Take no more items, let go whoever waits to add one, and raise `error` at the next
        draw.
        """
        with self._change:
            self._closed, self._error = True, self._error or error
            self._change.notify_all()

    def _take(self, items: list[Item], number: int | None = None) -> Item:
        """Remove one, in the time of one: the last takes its place."""
        number = int(self._rng.integers(len(items))) if number is None else number
        items[number], items[-1] = items[-1], items[number]
        return items.pop()


class Stream:
    """Solves for one sample after another, in the order of their numbers and without end, until it
    is closed.

    Parameters
    ----------
    source
        What makes the samples.
    accept
        Called with each sample, a set of one, from several threads; False ends the stream, and so
        does an error.
    fail
        Called with the error that ended it.
    first
        Number of the first sample.
    workers
        Processes that solve.
    share
        ``(i, n)``: of n processes of a training, the one at hand takes every n-th batch, from the
        i-th on.

    Attributes
    ----------
    next
        Number after the last sample that was begun.
    """

    def __init__(
        self,
        source: SolvedDataset,
        accept: Callable[[FieldSet], bool],
        fail: Callable[[BaseException], None],
        first: int,
        workers: int = 1,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        if workers < 1:
            raise InputError(f"training.solvers={workers}: use 1 or more")
        self.next = first
        self._source, self._accept, self._fail, self._share = source, accept, fail, share
        self._size = source.batch(source.shape)
        self._lock, self._closed = threading.Lock(), False
        solve = partial(source.solve, shape=source.shape)
        self._processes: list[Worker] = []
        with suppress(
            pickle.PicklingError, AttributeError, TypeError
        ):  # a class inside a function, an open file
            self._processes = [Worker(solve) for _ in range(workers)]
        calls: list[Any] = [*self._processes] or [solve] * workers
        for call in calls:
            threading.Thread(target=self._run, args=(call, solve), daemon=True).start()

    def close(self) -> None:
        """End the processes."""
        self._closed = True
        for process in self._processes:
            process.close()

    def _run(self, call: Any, solve: Callable[[range], dict[str, Any]]) -> None:
        try:
            if isinstance(call, Worker) and not call.ready():
                call = solve
            while not self._closed:
                for fields in self._samples(call(self._numbers())):
                    if not self._accept(fields):
                        return
        except BaseException as error:
            if not self._closed:
                self._fail(error)

    def _numbers(self) -> range:
        part, parts = self._share
        with self._lock:
            start = self.next + part * self._size
            self.next += parts * self._size
        return range(start, start + self._size)

    def _samples(self, arrays: dict[str, Any]) -> list[FieldSet]:
        # As a file would hold them, and each on its own, so that one sample does not keep the
        # others of its batch.
        single = [
            {name: np.array(values[i : i + 1], np.float32) for name, values in arrays.items()}
            for i in range(self._size)
        ]
        return [self._source.label(one).check_finite() for one in single]
