"""Samples solved during the training: a bounded buffer, and the processes that fill it."""

from __future__ import annotations

import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic

import numpy as np

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.generation.dataset import SolvedDataset
from neurop.generation.draws import Draws
from neurop.generation.policies import POLICIES
from neurop.generation.policies.policy import Entry, Item, Policy
from neurop.generation.worker import Worker


class Buffer(Generic[Item]):
    """A bounded buffer that solvers fill and a training draws from, by a policy.

    Which items are drawn, which stay and which make space for new ones is the policy's choice; see
    :mod:`neurop.generation.policies`. A solver waits while there is no space, and a draw while
    there are fewer items than the watermark. Any number of threads may use it.

    Parameters
    ----------
    capacity
        Largest number of items, at least 1.
    seed
        Seed of the draws.
    draws
        Policy and watermark; a reservoir that is drawn from as soon as it holds an item by default.

    Attributes
    ----------
    drawn
        Number of different items that were drawn.
    repeats
        Number of items by how often each was drawn, those that have left the buffer included.
    solver_wait, training_wait
        Time that solvers have waited for space, and draws for items, in seconds.

    Raises
    ------
    InputError
        If the capacity is below 1, or the watermark above it.

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

    def __init__(
        self, capacity: int, seed: int | tuple[int, ...] = 0, draws: Draws | None = None
    ) -> None:
        if capacity < 1:
            raise InputError.of("capacity", capacity, "use a buffer of 1 sample or more")
        draws = draws or Draws()
        if draws.watermark > capacity:
            remedy = f"the buffer holds {capacity} items; use that many or fewer"
            raise InputError.of("watermark", draws.watermark, remedy)
        self.capacity, self.watermark, self.drawn = capacity, draws.watermark, 0
        self.repeats: Counter[int] = Counter()
        self.solver_wait = self.training_wait = 0.0
        self._policy: Policy[Item] = POLICIES[draws.policy](capacity, np.random.default_rng(seed))
        self._change = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._policy)

    def items(self) -> list[Item]:
        """Return the items in the buffer."""
        with self._change:
            return [entry.item for entry in self._policy.entries()]

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
            self.solver_wait += self._wait(self._policy.has_room)
            if self._closed:
                return False
            self._policy.add(Entry(item, drawn))
            self._change.notify_all()
            return True

    def draw(self) -> Item:
        """Draw an item as soon as there are as many as the watermark.

        Raises
        ------
        IndexError
            If the buffer is closed and empty.
        """
        with self._change:
            self.training_wait += self._wait(lambda: len(self) >= self.watermark)
            if self._error is not None:
                raise self._error
            if not len(self):
                raise IndexError("no item is left in the buffer, which is closed")
            entry = self._policy.draw()
            self.drawn += not entry.seen
            self.repeats[entry.draws] -= entry.draws > 0
            entry.seen, entry.draws = True, entry.draws + 1
            self.repeats[entry.draws] += 1
            self._change.notify_all()
            return entry.item

    def close(self, error: BaseException | None = None) -> None:
        """Accept no more items, release waiting threads, and raise `error` at the next draw."""
        with self._change:
            self._closed, self._error = True, self._error or error
            self._change.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> float:
        """Wait until the buffer is ready or closed, and return the time that it took."""
        began = time.perf_counter()
        self._change.wait_for(lambda: self._closed or ready())
        return time.perf_counter() - began


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
    seconds
        Time that the solvers have taken, their sum, without that in which they waited.

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
        self.next, self.seconds = first, 0.0
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
                began = time.perf_counter()
                arrays = call(self._numbers())
                with self._lock:
                    self.seconds += time.perf_counter() - began
                for fields in self._samples(arrays):
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
