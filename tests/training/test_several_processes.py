"""Two processes train to the weights of one process, and log the same."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from processes import CASES, TINY, more_cases, splits, together
from raising import raises_input

from neurop.registry import Spec
from neurop.training.fit import fit

SCRIPT = Path(__file__).parents[1] / "processes.py"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what each of two processes has, for all cases."""
    folder = tmp_path_factory.mktemp("pair")
    pair = together([str(SCRIPT)], folder)
    for process in pair:
        _, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors
    return [torch.load(folder / f"{i}.pt", weights_only=True) for i in range(2)]


@pytest.mark.slow
@pytest.mark.trust("Two processes agree with one to 1e-6", "ten steps and their metrics compared")
@pytest.mark.parametrize("name", CASES)
def test_weights_and_metrics_are_those_of_one_process(
    name: str, found: list[dict[str, Any]]
) -> None:
    one = more_cases(name, 1)
    for other in (each[name] for each in found):
        pairs = [(other["weights"][key], value) for key, value in one["weights"].items()]
        off = sum((a - b).abs().square().sum() for a, b in pairs)
        assert off.sqrt() <= 1e-6 * sum(b.abs().square().sum() for _, b in pairs).sqrt()
        for row, expected in zip(other["logged"], one["logged"], strict=True):
            assert row == pytest.approx(expected, rel=1e-6)
        assert sum("val/relative_l2" in row for row in one["logged"]) >= 2


def test_fewer_examples_than_devices_are_refused_before_others_start() -> None:
    trainer = partial(lightning.Trainer, devices=6, strategy="ddp", accelerator="cpu", logger=False)
    with raises_input("devices", 6, "the split val has 5 example"):
        fit(Spec("unet", TINY["unet"]), splits(), trainer=trainer)
