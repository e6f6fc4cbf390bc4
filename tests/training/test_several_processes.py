"""Two processes train to the weights of one process, and log the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from processes import CASES, more_cases, together

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
@pytest.mark.trust("two processes agree with one to 1e-6", "ten steps and their metrics compared")
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
