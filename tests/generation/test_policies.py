"""What each policy keeps, draws and gives up, and what the buffer counts."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from neurop.generation.buffer import Buffer
from neurop.generation.draws import Draws
from neurop.generation.policies import POLICIES

ONCE = ("fifo", "firo")


def buffer(policy: str, capacity: int, watermark: int = 1, seed: int = 0) -> Buffer[int]:
    return Buffer(capacity, seed, Draws(policy, watermark))


def filled(policy: str, count: int, seed: int = 0) -> Buffer[int]:
    made = buffer(policy, count, seed=seed)
    for number in range(count):
        made.put(number)
    return made


def in_a_thread(call, *args) -> tuple[threading.Thread, threading.Event]:
    done = threading.Event()
    thread = threading.Thread(target=lambda: (call(*args), done.set()))
    thread.start()
    return thread, done


@pytest.mark.parametrize("policy", POLICIES)
def test_a_draw_waits_for_the_watermark(policy: str) -> None:
    made, found = buffer(policy, 5, watermark=3), []
    made.put(0)
    made.put(1)
    thread, done = in_a_thread(lambda: found.append(made.draw()))
    assert not done.wait(0.02)
    assert made.drawn == 0
    made.put(2)
    thread.join(10)
    assert found[0] in {0, 1, 2}
    assert made.training_wait > 0.02 > made.solver_wait
    # Below it the next draw waits again, except in a reservoir, which keeps what it gives.
    thread, done = in_a_thread(made.draw)
    assert done.wait(0.02) is (policy == "reservoir")
    made.put(3)
    thread.join(10)
    assert done.is_set()


@pytest.mark.parametrize("policy", POLICIES)
def test_the_solver_waits_while_all_items_are_new(policy: str) -> None:
    made = filled(policy, 3)
    thread, done = in_a_thread(made.put, 3)
    assert not done.wait(0.02)
    drawn = made.draw()
    thread.join(10)
    assert set(made.items()) == {0, 1, 2, 3} - {drawn}
    assert made.solver_wait > 0.02 > made.training_wait


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_left_is_drawn_to_the_last_item(policy: str) -> None:
    made, seen = filled(policy, 20), Counter()
    made.close()
    while made.drawn < 20:
        seen[made.draw()] += 1
    assert set(seen) == set(range(20))
    if policy in ONCE:
        assert set(seen.values()) == {1}
        with pytest.raises(IndexError, match="closed"):
            made.draw()


@pytest.mark.parametrize("policy", ONCE)
def test_each_item_comes_once_also_after_a_new_start(policy: str) -> None:
    made = buffer(policy, 4)
    assert made.put(0, drawn=True)
    for number in range(1, 4):
        made.put(number)
    assert sorted(made.draw() for _ in range(3)) == [1, 2, 3]
    assert made.items() == []


def test_first_in_first_out_whatever_the_time_of_either_side() -> None:
    made, drawn = buffer("fifo", 3, watermark=2), []

    def solve() -> None:
        for number in range(40):
            time.sleep(0.001 * (number % 3 == 0))
            made.put(number)

    thread, _ = in_a_thread(solve)
    for number in range(39):  # the last one is below the watermark
        time.sleep(0.001 * (number % 5 == 0))
        drawn.append(made.draw())
    thread.join(10)
    assert drawn == [*range(39)]


def test_random_out_is_uniform() -> None:
    first = Counter(filled("firo", 6, seed).draw() for seed in range(3000))
    # Chi-square with 5 degrees of freedom: beyond 20.5 once in a thousand; the seeds are fixed.
    assert sum((first[i] - 500) ** 2 / 500 for i in range(6)) < 20.5


@pytest.mark.parametrize("policy", ["firo", "reservoir"])
def test_a_seed_decides_all_draws(policy: str) -> None:
    def draws(seed: int) -> list[int]:
        made, found = filled(policy, 8, seed), []
        for number in range(8, 60):
            found.append(made.draw())
            made.put(number)
        return found

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


@pytest.mark.parametrize("policy", ONCE)
def test_no_item_is_drawn_twice(policy: str) -> None:
    made = filled(policy, 8)
    for number in range(8, 60):
        made.draw()
        made.put(number)
    assert {n: count for n, count in made.repeats.items() if count} == {1: 52}


def test_repeats_in_a_reservoir_are_geometric() -> None:
    r"""Of r draws per new item :math:`P(n) = (1 - 1/r)^{n-1}/r`.

    Of C items C/r were never drawn in the steady state, since those that come, one, are those that
    are drawn for the first time, r U/C. An item is drawn r/C times per new item, and replaced with
    a probability of 1/(C - U): the next thing that happens to it is a draw with 1 - 1/r.
    """
    capacity, ratio, count = 100, 4, 4000
    made = filled("reservoir", capacity)
    for number in range(capacity, capacity + count):
        for _ in range(ratio):
            made.draw()
        made.put(number)
    total = made.drawn
    assert sum(n * items for n, items in made.repeats.items()) == ratio * count
    assert sum(made.repeats.values()) == total
    expected = [(1 - 1 / ratio) ** n / ratio for n in range(6)]
    assert [made.repeats[n] / total for n in range(1, 7)] == pytest.approx(expected, abs=0.02)
