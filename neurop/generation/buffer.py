"""Samples solved during the training: a bounded buffer, and the processes that fill it."""

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
    """A bounded buffer from which items are drawn uniformly, while new items replace drawn ones.

    Until the buffer is full, items are added. Then a new item replaces a drawn one, chosen
    uniformly, and waits as long as none has been drawn: every item is used at least once, and early
    items have no larger share than late ones. Any number of threads may use it.

    Parameters
    ----------
    capacity
        Largest number of items, at least 1.
    seed
        Seed of the draws.

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
    >>> buffer = Buffer(2)
    >>> buffer.put("a"), buffer.put("b")
    (True, True)
    >>> first = buffer.draw()
    >>> buffer.put("c")
    True
    >>> sorted(buffer.items()) == sorted({"a", "b", "c"} - {first})
    True

    References
    ----------
    Meyer et al., Training deep surrogate models with large scale online learning, ICML 2023,
    arXiv:2306.16133.
    """

    def __init__(self, capacity: int, seed: int | tuple[int, ...] = 0) -> None:
        if capacity < 1:
            raise InputError.of("capacity", capacity, "use a buffer of 1 sample or more")
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
        """Return the items in the buffer."""
        with self._change:
            return [*self._fresh, *self._used]

    def put(self, item: Item, drawn: bool = False) -> bool:
        """Add an item as soon as there is space; return False if the buffer is closed.

        Parameters
        ----------
        item
            Item to add.
        drawn
            Whether the item was drawn in an earlier run.
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
        """Draw an item uniformly, and leave it in the buffer.

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
        """Accept no more items, release waiting threads, and raise `error` at the next draw."""
        with self._change:
            self._closed, self._error = True, self._error or error
            self._change.notify_all()

    def _take(self, items: list[Item], number: int | None = None) -> Item:
        """Remove an item in constant time, by moving the last one to its place."""
        number = int(self._rng.integers(len(items))) if number is None else number
        items[number], items[-1] = items[-1], items[number]
        return items.pop()


class Stream:
    """An endless stream of samples, solved in the order of their numbers until it is closed.

    Parameters
    ----------
    source
        Data set whose samples are solved.
    accept
        Function called with each sample, a set of one, from several threads; False ends the stream,
        and so does an error.
    fail
        Function called with the error that ended the stream.
    first
        Number of the first sample.
    workers
        Number of processes that solve.
    share
        Pair ``(i, n)``: of n training processes, this one takes every n-th batch, from the i-th on.

    Attributes
    ----------
    next
        Number after the last sample whose solution was started.

    Raises
    ------
    InputError
        If `workers` is below 1.
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
            raise InputError.of("workers", workers, "use 1 or more")
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
        """Stop the processes."""
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
        # In the precision of a file, and copied, so that a sample does not keep its batch in
        # memory.
        single = [
            {name: np.array(values[i : i + 1], np.float32) for name, values in arrays.items()}
            for i in range(self._size)
        ]
        return [self._source.label(one).check_finite() for one in single]
