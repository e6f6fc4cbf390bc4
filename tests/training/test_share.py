"""Batches that several processes share: together those of one process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution

from neurop.formats import store
from neurop.problems import Evolution
from neurop.training.loader import Loader
from neurop.training.means import Means
from neurop.training.share import even_batches

from .conftest import block_reads


def loader(process: int, processes: int, **how: Any) -> Loader:
    data = {"train": evolution(), "val": evolution(samples=1, seed=1)}  # 15 and 5 examples
    made = Loader(**({"splits": data, "problem": Evolution(), "seed": 3} | how))
    made.trainer = SimpleNamespace(  # type: ignore[assignment]
        world_size=processes,
        global_rank=process,
        _accelerator_connector=SimpleNamespace(use_distributed_sampler=True),
    )
    return made


def inputs(batches: Any) -> list[torch.Tensor]:
    return [batch["input"] for batch in batches]


@pytest.mark.trust("Several processes train on the batches of one", "order of each epoch compared")
@pytest.mark.parametrize(("processes", "size"), [(2, 2), (3, 1), (2, 3), (4, 1)])
def test_the_parts_of_all_processes_are_the_batches_of_one(processes: int, size: int) -> None:
    whole = loader(0, 1, batch_size=size * processes).train_dataloader()
    parts = [loader(i, processes, batch_size=size).train_dataloader() for i in range(processes)]
    for epoch in range(2):
        whole.sampler.set_epoch(epoch)
        for part in parts:
            part.batch_sampler.sampler.set_epoch(epoch)
        found = [torch.cat(one) for one in zip(*map(inputs, parts), strict=True)]
        for one, two in zip(found, inputs(whole), strict=True):
            assert torch.equal(one, two)


def test_the_parts_of_an_only_batch_are_equally_large() -> None:
    parts = [inputs(loader(i, 4, batch_size=9).train_dataloader()) for i in range(4)]
    assert [[len(batch) for batch in part] for part in parts] == [[3]] * 4
    drawn = torch.cat([part[0] for part in parts])
    assert len({tuple(x.flatten().tolist()) for x in drawn}) == 12


@pytest.mark.trust("Every validation example counts once", "odd numbers of examples and processes")
def test_every_example_is_in_one_batch_of_one_process(record_property: Any) -> None:
    trials = 0
    for count in range(1, 40):
        for size in range(1, 9):
            for processes in range(1, min(count, 6) + 1):
                parts = [even_batches(count, size, i, processes) for i in range(processes)]
                assert len({len(part) for part in parts}) == 1
                sizes = {len(batch) for part in parts for batch in part}
                assert 0 < min(sizes) <= max(sizes) <= max(size, 2)
                rows = [batch for row in zip(*parts, strict=True) for batch in row]
                assert [index for batch in rows for index in batch] == list(range(count))
                trials += 1
    record_property("trials", trials)


def test_validation_is_shared_in_order_and_lightning_adds_no_sampler() -> None:
    made = [loader(i, 2, batch_size=2) for i in range(2)]
    parts = [inputs(one.val_dataloader()) for one in made]
    assert [[len(batch) for batch in part] for part in parts] == [[1, 1], [1, 2]]
    whole = torch.cat(inputs(loader(0, 1).val_dataloader()))
    assert torch.equal(torch.cat([part[0] for part in parts] + [p[1] for p in parts]), whole)
    assert not any(one.trainer._accelerator_connector.use_distributed_sampler for one in made)


def test_a_split_needs_an_example_for_each_process() -> None:
    with raises_input("devices", 6, "the split val has 5 example"):
        loader(0, 6).val_dataloader()


@pytest.mark.trust(
    "Every process reads each block of a file about once per epoch", "block reads counted"
)
@pytest.mark.parametrize("process", [0, 1])
def test_a_process_reads_every_block_of_a_file_once(
    process: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(tmp_path / "set.h5", evolution((4, 4), channels=1, samples=4, frames=16), {})
    fields = store.read(tmp_path / "set.h5", lazy=True)
    fields.values.block = (1, 5)
    reads = block_reads(fields, monkeypatch)
    data = {"train": fields, "val": evolution((4, 4), channels=1)}
    made = loader(process, 2, splits=data, batch_size=3)
    drawn = torch.cat(inputs(made.train_dataloader()))
    assert len(drawn) == 60 // 2
    assert len({x.numpy().tobytes() for x in drawn}) == len(drawn)
    # Each of the 16 blocks once, and again at most where a window reaches into its neighbour.
    assert len(reads) < 16 + 12


def test_means_count_examples_not_batches_or_processes() -> None:
    values = torch.randn(7)
    one, two, all_ = Means(), Means(), Means()
    one.add({"a": values[:3].mean(), "b": 2 * values[:3].mean()}, 3)
    two.add({"a": values[3:5].mean(), "b": 2 * values[3:5].mean()}, 2)
    two.add({"a": values[5:].mean(), "b": 2 * values[5:].mean()}, 2)
    sent: list[torch.Tensor] = []
    one.reduced(lambda sums: sent.append(sums) or sums)  # type: ignore[func-returns-value]
    found = two.reduced(lambda sums: sums + sent[0])
    assert found["a"] == pytest.approx(float(values.mean()), rel=1e-5)
    assert found["b"] == pytest.approx(2 * float(values.mean()), rel=1e-5)
    assert two.reduced(lambda sums: sums) == all_.reduced(lambda sums: sums) == {}
    np.testing.assert_equal(sent[0].numel(), 3)
