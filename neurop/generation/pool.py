"""Many calls of one function, on as many cores as they are worth."""

from __future__ import annotations

import pickle
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any

from neurop.generation.worker import Worker
from neurop.physics.device import compute_device

START = 4.0
"""Seconds of work in one process below which no other is started: two to import torch there, and
a gain to show for it.
"""


def run(
    call: Callable[[Any], int], arguments: list[Any], workers: int | None, cores: int
) -> Iterator[int]:
    """Yield ``call(argument)`` for every argument, in the order in which they are done.

    Parameters
    ----------
    call
        Called in processes if it can be pickled, in threads if not, and in this thread if one is
        enough.
    arguments
        Of one call each.
    workers
        Calls at a time; None finds out with the first call whether `cores` of them are worth their
        start.
    cores
        Cores of this machine.

    Raises
    ------
    ExternalFailure
        If a process was ended from outside.
    """
    left = list(arguments)
    if workers is None:
        # One accelerator is kept busy by one process.
        workers = cores if compute_device().type == "cpu" else 1
        if left and workers > 1:
            start = perf_counter()
            yield call(left.pop(0))
            workers = workers if (perf_counter() - start) * len(left) > START else 1
    workers = min(workers, len(left))
    if workers <= 1:
        for argument in left:
            yield call(argument)
        return
    with ThreadPoolExecutor(workers) as threads, _callers(call, workers) as callers:
        free: queue.SimpleQueue[Callable[[Any], int]] = queue.SimpleQueue()
        for caller in callers:
            free.put(caller)

        def one(argument: Any) -> int:
            caller = free.get()
            try:
                return caller(argument)
            finally:
                free.put(caller)

        try:
            for future in as_completed([threads.submit(one, argument) for argument in left]):
                yield future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _callers(call: Callable[[Any], int], count: int) -> Iterator[list[Any]]:
    """Give `count` ways to call a function at the same time: processes, or the function itself
    where those cannot have it.
    """
    started: list[Worker] = []
    try:
        with suppress(pickle.PicklingError, AttributeError, TypeError):  # a lambda, an open file
            started.extend(Worker(call) for _ in range(count))
        yield started if started and started[0].ready() else [call] * count
    finally:
        for worker in started:
            worker.close()
