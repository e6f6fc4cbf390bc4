from __future__ import annotations

import numpy as np
import pytest
import torch
from raising import raises_input
from torch.utils.data import DataLoader

from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.geometry.grid import Grid


def evolution(samples: int = 3, frames: int = 5) -> FieldSet:
    """Return fields whose value at point j is 1000 sample + 100 frame + 10 channel + j."""
    s, t, c, j = np.ogrid[:samples, :frames, :2, :4]
    return FieldSet(
        (1000 * s + 100 * t + 10 * c + j).astype(np.float64),
        (Field("u"), Field("v")),
        Grid.periodic(1),
        source="flow.h5",
    )


def mapping() -> FieldSet:
    base = evolution(3, 1)
    return FieldSet(
        base.values,
        base.fields,
        base.grid,
        -base.values[:, :, :1],
        (Field("w"),),
        source="darcy.pt",
    )


@pytest.mark.parametrize(("history", "steps"), [(1, 1), (2, 1), (1, 3), (2, 2), (4, 1)])
def test_windows_are_every_stretch_of_every_trajectory_in_order(history: int, steps: int) -> None:
    windows = Windows(evolution(), history, steps)
    starts = 5 - history - steps + 1
    assert len(windows) == 3 * starts
    corner = torch.arange(2)[:, None] * 10.0 + torch.arange(4)
    for index in range(len(windows)):
        sample, start = index // starts, index % starts
        frames = (
            1000.0 * sample
            + 100 * torch.arange(start, start + history + steps)[:, None, None]
            + corner
        )
        got = windows[index]
        assert set(got) == {"input", "target"}
        assert torch.equal(got["input"], frames[:history])
        assert torch.equal(got["target"], frames[history:])
        assert {t.dtype for t in got.values()} == {torch.float32}


def test_a_map_gives_its_pairs() -> None:
    windows = Windows(mapping())
    assert len(windows) == 3
    for index in range(3):
        expected = 1000.0 * index + torch.arange(2)[:, None] * 10 + torch.arange(4)
        assert torch.equal(windows[index]["input"], expected[None])
        assert torch.equal(windows[index]["target"], -expected[None, :1])


def test_numbers_out_of_range_end_the_iteration() -> None:
    windows = Windows(evolution(), 2, 2)
    assert len(list(windows)) == len(windows) == 6
    with pytest.raises(IndexError):
        windows[6]
    assert torch.equal(windows[-1]["input"], windows[5]["input"])


def test_loader_sees_every_window_once() -> None:
    batches = list(DataLoader(Windows(evolution(), 1, 2), batch_size=4, shuffle=True))
    assert [len(b["input"]) for b in batches] == [4, 4, 1]
    for b in batches:
        assert torch.equal(b["target"], b["input"] + torch.tensor([100.0, 200.0]).view(1, 2, 1, 1))
    first = torch.cat([b["input"][:, 0, 0, 0] for b in batches])
    assert sorted(first.tolist()) == [1000.0 * s + 100 * t for s in range(3) for t in range(3)]


@pytest.mark.parametrize(("history", "steps", "key"), [(0, 1, "history"), (1, 0, "steps")])
def test_counts_below_one(history: int, steps: int, key: str) -> None:
    with raises_input(key, 0, "at least 1"):
        Windows(evolution(), history, steps)


@pytest.mark.parametrize(
    ("fields", "history", "steps", "key", "value"),
    [
        (evolution(), 3, 3, "steps", 3),
        (mapping(), 1, 2, "steps", 2),
        (mapping(), 2, 1, "history", 2),
    ],
)
def test_windows_that_do_not_fit(
    fields: FieldSet, history: int, steps: int, key: str, value: int
) -> None:
    with raises_input(key, value, fields.source):
        Windows(fields, history, steps)
