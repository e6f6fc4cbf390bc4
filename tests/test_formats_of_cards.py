"""Surrogates saved by every format of the card load, and predict what they predicted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import neurop

CARDS = Path(__file__).parent / "cards"
SAVED = sorted(path.parent for path in CARDS.glob("*/*/model.json"))


def test_every_format_is_there():
    formats = {f"format_{number}" for number in range(1, 6)}
    assert {path.parent.name for path in SAVED} >= formats
    assert len(SAVED) >= 25


@pytest.mark.trust(
    "A saved surrogate predicts the same in every later version",
    "one surrogate of each format of the card",
)
@pytest.mark.parametrize("folder", SAVED, ids=[f"{p.parent.name}-{p.name}" for p in SAVED])
def test_a_saved_surrogate_predicts_the_same_for_ever(folder):
    expected = load_file(folder / "expected.safetensors")
    surrogate = neurop.load(folder)
    with torch.no_grad():
        found = surrogate(expected["input"], given=expected.get("given"))
    size = expected["output"].std(dim=(0, *range(2, found.dim())), keepdim=True)
    # float32, on other processors and numbers of threads
    assert ((found - expected["output"]) / size).abs().max() < 1e-4


@pytest.mark.parametrize("folder", SAVED, ids=[f"{p.parent.name}-{p.name}" for p in SAVED])
def test_saved_again_it_is_the_same_surrogate(folder, tmp_path):
    first = neurop.load(folder)
    first.save(tmp_path)
    again = neurop.load(tmp_path)
    given = load_file(folder / "expected.safetensors")
    x, conditions = given["input"], given.get("given")
    with torch.no_grad():
        assert torch.equal(again(x, given=conditions), first(x, given=conditions))
