"""Windows are drawn in an order that a seed decides, by blocks of the file where there are any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import evolution

from neurop.fields.windows import Windows
from neurop.formats import store
from neurop.problems import Evolution
from neurop.training.order import Labelled, Shuffled

from .conftest import block_reads, loader


@pytest.mark.parametrize("blocks", [None, np.arange(40) // 4])
def test_a_permutation_by_seed_and_epoch(blocks: np.ndarray | None) -> None:
    order = Shuffled(40, 3, blocks, together=2)
    first = list(order)
    assert sorted(first) == list(range(40))
    assert (
        first
        == list(Shuffled(40, 3, blocks, together=2))
        != list(Shuffled(40, 4, blocks, together=2))
    )
    order.set_epoch(1)
    assert list(order) != first


@pytest.mark.parametrize("blocks", [None, np.arange(40) // 4])
def test_half_of_a_batch_has_targets(blocks: np.ndarray | None) -> None:
    order = Labelled(5, 40, 3, blocks, together=2)
    drawn = list(order)
    assert len(drawn) == len(order) == 70
    assert sorted(drawn[1::2]) == list(range(5, 40))
    times = np.bincount(drawn[::2], minlength=40)
    assert (times[:5] == 7).all()
    assert not times[5:].any()
    order.set_epoch(1)
    assert list(order) != drawn


@pytest.mark.parametrize("labels", [0, 20, 40])
def test_no_or_many_targets_change_no_order(labels: int) -> None:
    assert list(Labelled(labels, 40, 3)) == list(Shuffled(40, 3))
    assert len(Labelled(labels, 40, 3)) == 40


def test_neighbouring_blocks_are_mixed_and_no_others() -> None:
    blocks = np.arange(60) // 5
    drawn = np.array(list(Shuffled(60, 0, blocks, together=3)))
    groups = [set(blocks[drawn[i : i + 15]]) for i in range(0, 60, 15)]
    assert all(len(g) == 3 for g in groups)
    assert set.union(*groups) == set(range(12))
    assert len(set(blocks[drawn[:5]])) > 1
    assert groups != [set(range(i, i + 3)) for i in range(0, 12, 3)]


def test_an_epoch_reads_every_block_of_a_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evolution((4, 4), channels=1, samples=4, frames=16)
    store.write(tmp_path / "set.h5", whole, {})
    fields = store.read(tmp_path / "set.h5", lazy=True)
    fields.values.block = (1, 5)
    reads = block_reads(fields, monkeypatch)
    blocks, together = Windows(fields).blocks()
    assert blocks is not None
    assert together == 3
    assert list(blocks[:15]) == [0] * 5 + [1] * 5 + [2] * 5
    batches = loader(fields, batch_size=1)
    drawn = [batch["input"] for batch in batches.train_dataloader()]
    assert len(drawn) == 60
    # Each of the 16 blocks once, and again at most where a window reaches into its neighbour.
    assert len(reads) < 16 + 12
    given = np.stack([x[0, 0, 0].numpy() for x in drawn])
    expected = whole.values[:, :-1, 0].reshape(60, 4, 4).astype(np.float32)
    assert {g.tobytes() for g in given} == {e.tobytes() for e in expected}


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_a_file_are_those_of_memory(tmp_path: Path, workers: int) -> None:
    store.write(tmp_path / "set.h5", evolution((5, 4), samples=3, frames=6), {})
    kept, loaded = (store.read(tmp_path / "set.h5", lazy=lazy) for lazy in (True, False))
    found = []
    for fields in (kept, loaded):
        batches = loader(fields, problem=Evolution(2), batch_size=4, workers=workers)
        found.append([batch["target"].numpy() for batch in batches.val_dataloader()])
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
