"""Online training on single time steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from noise import Noise, values

from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid
from neurop.problems import Evolution
from neurop.training.streamed import StreamedLoader

from .test_online import local

FIFO = {"policy": "fifo"}


def streamed(source: Noise, **how: Any) -> StreamedLoader:
    return StreamedLoader(source.splits(), Evolution(), source, **({"batch_size": 4} | how))


def window(sample: int, start: int) -> torch.Tensor:
    """Return the two frames of a window."""
    return torch.from_numpy(values(range(sample, sample + 1))["values"][0, start : start + 2])


def test_windows_come_in_the_order_of_the_solver(tmp_path: Path) -> None:
    loader = streamed(local(tmp_path), buffer=7, draws=FIFO)
    batches = list(loader.train_dataloader())
    loader.close()
    assert len(batches) == 60 * 2 // 4
    drawn = torch.cat([torch.cat([b["input"], b["target"]], 1) for b in batches])
    # Stored ones from number 40 on, as many as fit, then those that were solved meanwhile.
    starts = [(40 + i // 2, i % 2) for i in range(7)] + [(60 + i // 2, i % 2) for i in range(113)]
    assert torch.equal(drawn, torch.stack([window(*start) for start in starts]))
    assert loader.report()["unique_samples"] == 120
    assert loader.report()["repeats"] == {"1": 120}


def test_a_window_does_not_keep_its_trajectory(tmp_path: Path) -> None:
    loader = streamed(local(tmp_path), buffer=5)
    loader.start()
    loader.close()
    assert len(loader.buffer) == 5
    for item in loader.buffer.items():
        assert len(item) == 1
        assert item.fields.values.shape == (1, 2, 1, 8)
        assert item.fields.values.base is None
    assert streamed(local(tmp_path)).capacity == 120


def test_a_map_is_one_window(tmp_path: Path) -> None:
    pair = np.ones((1, 1, 1, 8), np.float32)
    fields = FieldSet(pair, (Field("a"),), Grid.periodic(1), 2 * pair, (Field("u"),))
    (item,) = streamed(local(tmp_path)).items(fields)
    assert item[0]["target"].unique().tolist() == [2.0]


def test_a_resumed_run_draws_no_window_again(tmp_path: Path) -> None:
    seen, state = list[bytes](), None
    for run in (1, 2):
        loader = streamed(local(tmp_path), buffer=7, draws=FIFO)
        if state is not None:
            loader.load_state_dict(state)
        for batch in loader.train_dataloader():
            both = torch.cat([batch["input"], batch["target"]], 1)
            seen += [pair.numpy().tobytes() for pair in both]
        loader.close()
        state = loader.state_dict()
        assert loader.report()["unique_samples"] == 120 * run
    assert len(seen) == len(set(seen)) == 240
