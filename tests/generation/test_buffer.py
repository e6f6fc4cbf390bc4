"""The buffer of online training, and the processes that fill it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from noise import Noise
from raising import raises_input

from neurop.errors import ExternalFailure, InputError
from neurop.generation.buffer import Buffer, Stream


def filled(capacity: int, count: int, seed: int = 0) -> Buffer[int]:
    buffer: Buffer[int] = Buffer(capacity, seed)
    for number in range(count):
        buffer.put(number)
    return buffer


def test_draws_are_uniform_over_the_items() -> None:
    buffer = filled(8, 8)
    counts = Counter(buffer.draw() for _ in range(8000))
    # Chi-square with 7 degrees of freedom: beyond 24.3 once in a thousand; the seed is fixed.
    assert sum((counts[i] - 1000) ** 2 / 1000 for i in range(8)) < 24.3
    assert buffer.drawn == 8


def test_a_new_item_replaces_a_drawn_one_and_every_item_is_drawn() -> None:
    buffer = filled(5, 5)
    seen = set()
    for number in range(5, 200):
        while buffer.drawn < number - 4:
            seen.add(buffer.draw())
        before = set(buffer.items())
        assert buffer.put(number)
        (gone,) = before - set(buffer.items())
        assert gone in seen
        assert len(buffer) == 5
    while len(seen) < 200 and buffer.drawn < 200:
        seen.add(buffer.draw())
    assert seen == set(range(200))
    assert buffer.drawn == 200


def test_what_is_replaced_is_chosen_uniformly() -> None:
    gone = Counter()
    for seed in range(2000):
        buffer = filled(4, 4, seed)
        while buffer.drawn < 4:
            buffer.draw()
        buffer.put(9)
        gone.update({0, 1, 2, 3} - set(buffer.items()))
    assert (
        sum((gone[i] - 500) ** 2 / 500 for i in range(4)) < 16.3
    )  # 3 degrees of freedom, once in a thousand


def test_a_full_buffer_of_new_items_lets_the_solver_wait_and_never_the_training() -> None:
    buffer = filled(2, 2)
    done = threading.Event()
    adding = threading.Thread(target=lambda: (buffer.put(7), done.set()))
    adding.start()
    assert not done.wait(0.05)
    drawn = buffer.draw()
    adding.join(10)
    assert done.is_set()
    assert set(buffer.items()) == {0, 1, 7} - {drawn}


def test_waiting_threads_are_released_when_the_buffer_is_closed() -> None:
    buffer = filled(1, 1)
    answers: list[bool] = []
    adding = threading.Thread(target=lambda: answers.append(buffer.put(1)))
    adding.start()
    buffer.close()
    adding.join(10)
    assert answers == [False]
    assert buffer.draw() == 0


def test_an_error_of_the_solver_reaches_the_next_draw() -> None:
    buffer = filled(3, 3)
    buffer.close(InputError.of("viscosity", 1e-9, "overflow"))
    buffer.close()
    with raises_input("viscosity", 1e-9):
        buffer.draw()


def test_items_of_an_earlier_run_are_not_counted_again() -> None:
    buffer: Buffer[int] = Buffer(2)
    buffer.put(0, drawn=True)
    buffer.draw()
    assert buffer.drawn == 0


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_buffer_of_no_items_is_an_input_error(capacity: int) -> None:
    with raises_input("capacity", capacity, "1 sample or more"):
        Buffer(capacity)


class Collected:
    """Takes samples until there are `count` of them."""

    def __init__(self, count: int) -> None:
        self.count, self.found, self.errors = count, [], []
        self.lock, self.done = threading.Lock(), threading.Event()

    def accept(self, fields) -> bool:
        with self.lock:
            self.found.append(fields)
            if len(self.found) >= self.count:
                self.done.set()
        return len(self.found) < self.count

    def fail(self, error: BaseException) -> None:
        self.errors.append(error)
        self.done.set()


def local(*args: Any, **more: Any) -> Noise:
    """Return noise of a class that no other process can import: its solver runs in threads, and
    starts at once.
    """

    class Local(Noise):
        pass

    return Local(*args, **more)


def numbers(source: Noise, found: list) -> list[int]:
    """Return the numbers of samples, identified by their values."""
    known = {source.one(i).tobytes(): i for i in range(200)}
    return [known[fields.values[0].tobytes()] for fields in found]


@pytest.mark.parametrize(("workers", "make"), [(1, local), (3, local), (1, Noise)])
def test_samples_are_those_of_their_numbers_in_order_and_none_comes_twice(
    workers: int, make: Callable[..., Noise]
) -> None:
    source, collected = make(50), Collected(25)
    stream = Stream(source, collected.accept, collected.fail, first=50, workers=workers)
    assert collected.done.wait(60)
    stream.close()
    assert collected.errors == []
    made = numbers(source, collected.found)
    assert len(set(made)) == len(made)
    assert min(made) == 50
    assert max(made) < stream.next
    if workers == 1:
        assert made == list(range(50, 75))
    assert all(fields.values.dtype == np.float32 and len(fields) == 1 for fields in collected.found)


def test_the_processes_of_a_training_share_the_numbers() -> None:
    source = local(50)
    found = []
    for rank in range(2):
        collected = Collected(12)
        stream = Stream(source, collected.accept, collected.fail, first=50, share=(rank, 2))
        assert collected.done.wait(60)
        stream.close()
        found += numbers(source, collected.found)
    assert sorted(found) == list(range(50, 74))


def test_a_closed_stream_ends_its_processes() -> None:
    source, collected = Noise(50), Collected(10_000)
    stream = Stream(source, collected.accept, collected.fail, first=50)
    while not collected.found:
        time.sleep(0.01)
    stream.close()
    assert [process._process.poll() for process in stream._processes] == [-9]
    assert collected.errors == []


@pytest.mark.parametrize(
    ("make", "how", "expected"),
    [
        (Noise, "killed", pytest.raises(ExternalFailure, match="SIGKILL")),
        (local, "input", raises_input("viscosity", -1)),
        (local, "hole", raises_input("field", "u")),
    ],
)
def test_an_error_ends_the_stream(
    make: Callable[..., Noise], how: str, expected: AbstractContextManager[Any]
) -> None:
    collected = Collected(100)
    stream = Stream(make(50, how=how, at=58), collected.accept, collected.fail, first=50)
    assert collected.done.wait(60)
    stream.close()
    with expected:
        raise collected.errors[0]
    assert numbers(Noise(50), collected.found)[:4] == [50, 51, 52, 53]
