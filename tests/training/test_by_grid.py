"""Batches of several grids: one grid per batch, every example once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from raising import raises_input
from small import ARGUMENTS, evolution

from neurop import models
from neurop.datasets import Burgers
from neurop.fields.fieldset import FieldSet
from neurop.generation.storage import Storage
from neurop.problems import Evolution
from neurop.spectral import resample
from neurop.training.by_grid import ByGrid
from neurop.training.fit import fit
from neurop.training.loader import Loader
from neurop.training.order import Shuffled


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 8), st.integers(0, 99))
def test_a_batch_is_of_one_set_and_no_example_comes_twice(
    sizes: list[int], batch_size: int, seed: int
) -> None:
    batches = ByGrid(Shuffled(sum(sizes), seed), sizes, batch_size)
    made = list(batches)
    number = np.repeat(np.arange(len(sizes)), sizes)
    assert len(made) == len(batches)
    assert all(len(set(number[batch])) == 1 for batch in made)
    found = [index for batch in made for index in batch]
    assert len(found) == len(set(found))
    left_out = [size % batch_size if size >= batch_size else 0 for size in sizes]
    assert [sizes[i] - (number[found] == i).sum() for i in range(len(sizes))] == left_out


def sets() -> dict[str, FieldSet]:
    return {
        "train": evolution((9, 8)),
        "val": evolution((9, 8), samples=2, seed=1),
        "train_18": evolution((18, 16), samples=2),
    }


def test_the_loader_mixes_the_grids_and_validates_on_its_own() -> None:
    loader = Loader(sets(), Evolution(), batch_size=5)
    shapes = [tuple(batch["input"].shape[3:]) for batch in loader.train_dataloader()]
    assert sorted(shapes) == [(9, 8)] * 3 + [(18, 16)] * 2
    assert shapes[:3] != [(9, 8)] * 3
    assert {tuple(b["input"].shape[3:]) for b in loader.val_dataloader()} == {(9, 8)}


def test_other_fields_on_the_other_grid_are_refused() -> None:
    with raises_input("splits", "train_18"):
        Loader(sets() | {"train_18": evolution((18, 16), channels=1)}, Evolution())


def test_a_resumed_training_on_two_grids_is_the_uninterrupted_one(tmp_path: Path) -> None:
    def trained(name: str, epochs: int, resume: bool = False) -> dict[str, torch.Tensor]:
        spec = models.FNO.spec(**ARGUMENTS)
        how = {"epochs": epochs, "batch_size": 5, "scheduler": None, "folder": tmp_path / name}
        return fit(spec, sets(), resume=resume, **how).state_dict()  # type: ignore[arg-type]

    once = trained("once", 3)
    trained("twice", 1)
    again = trained("twice", 3, resume=True)
    assert all(torch.equal(value, again[name]) for name, value in once.items())
    alone = {name: part for name, part in sets().items() if name != "train_18"}
    other = fit(models.FNO.spec(**ARGUMENTS), alone, epochs=3, batch_size=5, scheduler=None)
    assert any(not torch.equal(value, once[name]) for name, value in other.state_dict().items())


def test_samples_on_another_grid_are_those_of_the_training(tmp_path: Path) -> None:
    how = {"folder": str(tmp_path), "held_out": 2, "resolutions": {16: 2, 64: 1}}
    data = Burgers(samples=7, resolution=32, viscosity=[0.05, 0.1], storage=how)
    made = data.splits()
    assert [len(made[name]) for name in ("train", "train_16", "train_64")] == [3, 2, 1]
    for points, count in ((16, 2), (64, 1)):
        part, whole = made[f"train_{points}"], made["train"].samples(slice(count))
        np.testing.assert_array_equal(part.conditions[0].values, whole.conditions[0].values)
        fewer = min(points, 32)
        for name in ("values", "targets"):
            ours, theirs = (
                resample(torch.as_tensor(np.asarray(getattr(s, name))), s.grid, (fewer,))
                for s in (part, whole)
            )
            assert torch.allclose(ours, theirs, rtol=0, atol=2e-6 * float(theirs.abs().max()))


def test_more_samples_than_the_training_has_are_refused() -> None:
    with raises_input("resolutions", {64: 9}):
        Burgers(samples=12, resolution=32, storage=Storage(held_out=2, resolutions={64: 9}))
    with raises_input("resolutions", {64: 0}):
        Storage(resolutions={64: 0})
