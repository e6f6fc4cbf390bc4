"""The table of the page on closures is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "closures.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "closure-cpu-20261130.json").read_text())["rows"]


def lines() -> list[str]:
    """Return the rows of the table."""
    return [f"| {name} | {one['r2'][0]:.3f} | {one['parameters']} |" for name, one in MADE.items()]


def test_table() -> None:
    assert PAGE[PAGE.index("| closure |") :].split("\n\n")[0].splitlines()[2:] == lines()
    assert list(MADE)[-2:] == ["FNO", "FNO, memory"]
