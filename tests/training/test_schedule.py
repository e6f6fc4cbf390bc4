from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from raising import raises_input

from neurop.errors import InputError
from neurop.training.schedule import warmup_cosine


def rates(steps: int, lr: float = 1.0, **how: float) -> list[float]:
    """Return the learning rate of each step as the optimizer has it."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    schedule = warmup_cosine(optimizer, steps, **how)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return [*found, optimizer.param_groups[0]["lr"]]


def test_rise_peak_middle_and_end() -> None:
    found = rates(100, lr=2e-3, warmup=0.1, final=0.01)
    assert found[:10] == pytest.approx([2e-4 * (s + 1) for s in range(10)])
    assert found[10] == pytest.approx(2e-3)
    # A third and a half of the way down: cosines of 60 and 90 degrees.
    assert found[40] == pytest.approx(2e-3 * (0.01 + 0.99 * 0.75))
    assert found[55] == pytest.approx(2e-3 * (0.01 + 0.99 * 0.5))
    assert found[100] == pytest.approx(2e-5)


def test_defaults() -> None:
    found = rates(200)
    assert max(found) == found[10] == 1.0
    assert found[0] == pytest.approx(0.1)
    assert found[-1] == pytest.approx(0.01)


@given(steps=st.integers(1, 300), warmup=st.floats(0, 1), final=st.floats(0, 1))
def test_it_rises_then_falls_to_the_final_share_and_stays(
    steps: int, warmup: float, final: float
) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    factor = warmup_cosine(optimizer, steps, warmup, final).lr_lambdas[0]
    rising = round(warmup * steps)
    values = [factor(s) for s in range(steps + 1)]
    assert values[:rising] == sorted(values[:rising])
    assert values[rising:] == sorted(values[rising:], reverse=True)
    assert values[rising] == pytest.approx(1.0)
    assert 0 <= min(values) <= max(values) <= 1 + 1e-12
    assert factor(steps) == pytest.approx(1.0 if rising == steps else final)
    assert factor(10 * steps) == pytest.approx(final)


@pytest.mark.parametrize(("key", "share"), [("warmup", -0.1), ("warmup", 5), ("final", 1.5)])
def test_what_is_no_share_is_refused(key: str, share: float) -> None:
    with pytest.raises(InputError) as error:
        warmup_cosine(torch.optim.SGD([torch.zeros(1)], lr=1.0), 10, **{key: share})
    assert (error.value.key, error.value.value) == (key, share)


@pytest.mark.parametrize("steps", [math.inf, 0])
def test_the_number_of_steps_must_be_known(steps: float) -> None:
    with raises_input("steps", steps):
        warmup_cosine(torch.optim.SGD([torch.zeros(1)], lr=1.0), steps)
