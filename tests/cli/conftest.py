"""A home without neurop's own data and models: tiny choices in every group, and a verb `train`
that the test writes.
"""

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neurop.cli import main

FIELD = "_target_: neurop.fields.fieldset.Field\nname: u\nunit: '1'\n"
AXIS = "_target_: neurop.geometry.axis.Axis\nname: x\nboundary: periodic\nlength: 1.0\n"
CHOICES = {
    "model/tiny": AXIS,
    "model/other": AXIS.replace("name: x", "name: y"),
    "model/needy": AXIS.replace("name: x", "name: ???"),
    "data/tiny": FIELD,
    "data/second": FIELD,
    "objective/tiny": FIELD,
    "optimizer/tiny": "_target_: torch.optim.AdamW\n_partial_: true\nlr: 0.001\nbetas: [0.9, "
    "0.95]\n",
    "scheduler/tiny": FIELD,
    "recommended/second": "# @package _global_\noptimizer:\n  lr: 0.5\n",
}
GROUPS = [f"{group}=tiny" for group in ("model", "data", "objective", "optimizer", "scheduler")]


class Home:
    """Runs ``neurop train`` in an empty folder; `run` is what the verb does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run: Callable[[Any], Any] = lambda cfg: None

    def train(self, *args: str, groups: list[str] = GROUPS) -> int:
        named = {a.split("=")[0] for a in args}
        kept = [g for g in groups if g.split("=")[0] not in named]
        return main(["train", "--config-dir", str(self.folder / "own"), *kept, *args])

    def runs(self) -> list[str]:
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.glob("runs/*/*"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name, text in CHOICES.items():
        file = tmp_path / "own" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    made = Home(tmp_path)
    verb = types.ModuleType("neurop.cli.train")
    verb.run = lambda cfg: made.run(cfg)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "neurop.cli.train", verb)
    monkeypatch.setattr(sys, "argv", ["neurop"])
    monkeypatch.delenv("NEUROP_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    return made
