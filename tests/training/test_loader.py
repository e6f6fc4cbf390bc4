"""Batches: every example once per epoch, in an order that the seed and the epoch decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, mapping

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.problems import Evolution, Map, Problem
from neurop.training.loader import Loader


def splits(**how: Any) -> dict[str, FieldSet]:
    return {"train": evolution(**how), "val": evolution(samples=2, seed=1, **how)}


def loader(problem: Problem | None = None, **how: Any) -> Loader:
    return Loader(**({"splits": splits(), "problem": problem or Evolution()} | how))


def order(batches: Loader, epoch: int, name: str = "train") -> list[int]:
    """Return the numbers of the windows of an epoch, found by their values."""
    made = getattr(batches, f"{name}_dataloader")()
    if name == "train":
        made.sampler.set_epoch(epoch)
    known = {
        tuple(window["input"].flatten().tolist()): i
        for i, window in enumerate(batches.examples[name])
    }
    return [known[tuple(one.flatten().tolist())] for batch in made for one in batch["input"]]


def test_an_epoch_holds_every_window_once_in_an_order_of_its_own() -> None:
    batches = loader(batch_size=5, seed=3)
    first, second = order(batches, 0), order(batches, 1)
    assert sorted(first) == sorted(second) == list(range(15))
    assert first != second
    assert first != sorted(first)


def test_seed_and_epoch_alone_decide_the_order() -> None:
    before = order(loader(batch_size=5, seed=3), 4)
    torch.manual_seed(77)
    torch.rand(5)
    assert order(loader(batch_size=5, seed=3), 4) == before
    assert order(loader(batch_size=5, seed=4), 4) != before


@pytest.mark.parametrize(
    ("size", "sizes"), [(4, [4, 4, 4]), (5, [5, 5, 5]), (15, [15]), (16, [15]), (1, [1] * 15)]
)
def test_a_last_batch_that_is_not_full_is_left_out_unless_it_is_the_only_one(
    size: int, sizes: list[int]
) -> None:
    assert [len(b["input"]) for b in loader(batch_size=size).train_dataloader()] == sizes


def test_validation_is_whole_and_in_order() -> None:
    batches = loader(batch_size=4)
    assert order(batches, 0, "val") == list(range(10))
    assert [len(b["input"]) for b in batches.val_dataloader()] == [4, 4, 2]


def test_targets_follow_their_inputs() -> None:
    batches = loader(Evolution(2, 3), batch_size=2)
    for batch in batches.train_dataloader():
        assert batch["input"].shape[1:] == (2, 2, 9, 8)
        for past, future in zip(batch["input"], batch["target"]):
            stretch = torch.cat([past, future])
            whole = torch.from_numpy(evolution().values).float()
            assert any(torch.equal(stretch, sample[t : t + 5]) for sample in whole for t in (0, 1))


def test_an_objective_may_need_further_frames() -> None:
    usual, more = loader(Evolution(1, 2)), loader(Evolution(1, 2), extra=2)
    assert usual.examples["train"][0]["target"].shape == (2, 2, 9, 8)
    assert more.examples["train"][0]["target"].shape == (4, 2, 9, 8)
    assert more.examples["val"][0]["target"].shape == (4, 2, 9, 8)


def hole(which: FieldSet) -> FieldSet:
    spoilt = which.values.copy()
    spoilt[1, 3, 0, 2, 7] = np.nan
    return replace(which, values=spoilt)


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": -3}, "batch_size"),
        ({"workers": -1}, "workers"),
    ],
)
def test_numbers_that_are_too_small(how: dict[str, int], key: str) -> None:
    with pytest.raises(InputError) as error:
        loader(**how)
    assert (error.value.key, error.value.value) == (key, how[key])


@pytest.mark.parametrize(
    ("how", "key", "value"),
    [
        ({"problem": Evolution(3, 2), "extra": 2}, "steps", 4),
        ({"splits": splits() | {"train": hole(evolution())}}, "field", "u"),
        ({"splits": splits() | {"val": hole(evolution())}}, "field", "u"),
        ({"splits": splits() | {"train": evolution().samples(slice(0))}}, "splits", "train"),
        ({"splits": splits() | {"val": evolution().samples(slice(0))}}, "splits", "val"),
        ({"splits": {"train": mapping(), "val": mapping()}}, "problem", "evolution"),
        ({"problem": Map()}, "problem", "map"),
    ],
)
def test_what_cannot_be_batched(how: dict[str, Any], key: str, value: Any) -> None:
    with raises_input(key, value):
        loader(**how)
