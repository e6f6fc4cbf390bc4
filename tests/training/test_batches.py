"""Batches: every window once per epoch, in an order that the seed and the epoch decide, on the
grid of the epoch.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from small import evolution, mapping, values
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.training import Batches


def splits(**how: Any) -> dict[str, FieldSet]:
    return {"train": evolution(**how), "val": evolution(samples=2, seed=1, **how)}


def order(batches: Batches, epoch: int, name: str = "train") -> list[int]:
    """Return the numbers of the windows of an epoch, found by their values."""
    loader = getattr(batches, f"{name}_dataloader")()
    if name == "train":
        loader.sampler.set_epoch(epoch)
    known = {
        tuple(window["input"].flatten().tolist()): i
        for i, window in enumerate(batches.windows[name])
    }
    return [known[tuple(one.flatten().tolist())] for batch in loader for one in batch["input"]]


def test_an_epoch_holds_every_window_once_in_an_order_of_its_own() -> None:
    batches = Batches(splits(), batch_size=5, seed=3)
    first, second = order(batches, 0), order(batches, 1)
    assert sorted(first) == sorted(second) == list(range(15))
    assert first != second
    assert first != sorted(first)


def test_seed_and_epoch_alone_decide_the_order() -> None:
    before = order(Batches(splits(), batch_size=5, seed=3), 4)
    torch.manual_seed(77)
    torch.rand(5)
    assert order(Batches(splits(), batch_size=5, seed=3), 4) == before
    assert order(Batches(splits(), batch_size=5, seed=4), 4) != before


@pytest.mark.parametrize(
    ("size", "sizes"), [(4, [4, 4, 4]), (5, [5, 5, 5]), (15, [15]), (16, [15]), (1, [1] * 15)]
)
def test_a_last_batch_that_is_not_full_is_left_out_unless_it_is_the_only_one(
    size: int, sizes: list[int]
) -> None:
    assert [len(b["input"]) for b in Batches(splits(), batch_size=size).train_dataloader()] == sizes


def test_validation_is_whole_and_in_order() -> None:
    batches = Batches(splits(), batch_size=4)
    assert order(batches, 0, "val") == list(range(10))
    assert [len(b["input"]) for b in batches.val_dataloader()] == [4, 4, 2]


def test_targets_follow_their_inputs() -> None:
    batches = Batches(splits(), history=2, steps=3, batch_size=2)
    for batch in batches.train_dataloader():
        assert batch["input"].shape[1:] == (2, 2, 9, 8)
        for past, future in zip(batch["input"], batch["target"]):
            stretch = torch.cat([past, future])
            whole = torch.from_numpy(evolution().values).float()
            assert any(torch.equal(stretch, sample[t : t + 5]) for sample in whole for t in (0, 1))


def turned(batches: Batches, batch: dict[str, Tensor], **progress: Any) -> dict[str, Tensor]:
    now = {
        "training": True,
        "current_epoch": 0,
        "max_epochs": 10,
        "global_step": 0,
        "max_steps": -1,
    } | progress
    batches.trainer = SimpleNamespace(**now)  # type: ignore[assignment]
    return batches.on_after_batch_transfer(batch, 0)


@pytest.mark.parametrize(
    ("progress", "shape"),
    [
        ({}, (5, 6)),
        ({"current_epoch": 5}, (5, 6)),
        ({"current_epoch": 6}, (9, 8)),
        ({"training": False}, (9, 8)),
        ({"global_step": 59, "max_steps": 100}, (5, 6)),
        ({"global_step": 60, "max_steps": 100}, (9, 8)),
        ({"max_epochs": -1, "global_step": 59, "max_steps": 100}, (5, 6)),
        ({"max_epochs": -1, "global_step": 60, "max_steps": 100}, (9, 8)),
        ({"max_epochs": -1}, (9, 8)),
    ],
)
def test_the_first_share_is_trained_on_the_coarse_grid(
    progress: dict[str, Any], shape: tuple[int, int]
) -> None:
    batches = Batches(splits(), coarse=(5, 6), coarse_share=0.6)
    batch = {
        "input": torch.from_numpy(evolution().values[:, :2]),
        "target": torch.from_numpy(evolution().values[:, 2:4]),
    }
    # The same waves, sampled on the grid of that moment.
    expected = torch.from_numpy(values(shape))
    found = turned(batches, batch, **progress)
    torch.testing.assert_close(found["input"], expected[:, :2], atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(found["target"], expected[:, 2:4], atol=1e-9, rtol=1e-9)


def test_without_a_coarse_grid_batches_pass() -> None:
    batch = {"input": torch.ones(1, 1, 2, 9, 8)}
    assert turned(Batches(splits()), batch) is batch


def hole(which: FieldSet) -> FieldSet:
    spoilt = which.values.copy()
    spoilt[1, 3, 0, 2, 7] = np.nan
    return replace(which, values=spoilt)


WALL = Grid((Axis("x", "dirichlet"), Axis("y")))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"batch_size": 0}, "batch_size=0, workers=0; need at least 1 and 0"),
        ({"batch_size": -3}, "batch_size=-3"),
        ({"workers": -1}, "workers=-1"),
        ({"history": 3, "steps": 4}, r"waves: 6 frames are fewer than history=3 \+ steps=4"),
        ({"coarse": (5,)}, r"training\.coarse=\[5\]: need 2 sizes up to \[9, 8\]"),
        ({"coarse": (5, 9)}, r"training\.coarse=\[5, 9\]: need 2 sizes up to \[9, 8\]"),
        ({"coarse": (0, 4)}, r"training\.coarse=\[0, 4\]"),
        (
            {"coarse": (4, 4), "coarse_share": 1.5},
            r"training\.coarse_share=1\.5; give a share between 0 and 1",
        ),
        (
            {"coarse": (4, 4), "splits": splits(grid=WALL)},
            "only periodic fields are truncated without loss; use null",
        ),
        (
            {"splits": splits() | {"train": hole(evolution())}},
            r"waves: field 'u' of sample 1, frame 3 is nan at point \(2, 7\)",
        ),
        (
            {"splits": splits() | {"val": hole(evolution())}},
            "field 'u' of sample 1, frame 3 is nan",
        ),
        (
            {"splits": splits() | {"train": evolution().samples(slice(0))}},
            "waves: the split train is empty",
        ),
        ({"splits": {"train": mapping(), "val": mapping()}, "steps": 2}, "pairs is a map"),
    ],
)
def test_what_cannot_be_batched(how: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Batches(**({"splits": splits()} | how))
