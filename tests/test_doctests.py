"""Every example in a docstring gives what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSES = {"neurop": "neurop", "cli": "neurop.cli", "datasets": "neurop.datasets"}


def modules() -> list[str]:
    names = []
    for folder, package in HOUSES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            if ">>> " in file.read_text() and file.name != "__main__.py":
                parts = file.relative_to(ROOT / folder).with_suffix("").parts
                names.append(".".join([package, *(p for p in parts if p != "__init__")]))
    return names


@pytest.mark.parametrize("name", modules())
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
