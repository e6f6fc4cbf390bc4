"""Call one function many times, on as many cores as the work justifies."""

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
"""Seconds of work below which no other process is started: importing torch there takes two."""


def run_all(
    call: Callable[[Any], int], arguments: list[Any], workers: int | None, cores: int
) -> Iterator[int]:
    """Yield ``call(argument)`` for every argument, in the order of completion.

    Parameters
    ----------
    call
        Function to call: in processes if it can be pickled, in threads if not, and in this thread
        if one is enough.
    arguments
        Arguments, one per call.
    workers
        Number of simultaneous calls; None decides by the duration of the first call whether to use
        all `cores`.
    cores
        Number of cores of this machine.

    Raises
    ------
    ExternalFailure
        If a process was ended from outside.
    """
    left = list(arguments)
    if workers is None:
        # One process is enough for one accelerator.
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
    """Yield `count` callables to use at the same time: processes, or `call` if it has no pickle."""
    started: list[Worker] = []
    try:
        with suppress(pickle.PicklingError, AttributeError, TypeError):  # a lambda, an open file
            started.extend(Worker(call) for _ in range(count))
        yield started if started and started[0].ready() else [call] * count
    finally:
        for worker in started:
            worker.close()
