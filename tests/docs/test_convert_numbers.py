"""The tables of the page on conversion are those of the measurement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "convert.md").read_text()
FILES = {"burgers": "convert-cpu-20261130.json", "detail": "convert-detail-cpu-20261130.json"}
POINTS = ("32", "64", "128", "256")


def measured(case: str) -> dict[str, Any]:
    """Return the only row of each network."""
    made = json.loads((ROOT / "benchmarks" / FILES[case]).read_text())[case]
    return {name: row for name, (row,) in made.items()}


@pytest.mark.parametrize("case", FILES)
def test_table(case: str) -> None:
    table = PAGE[PAGE.index(f"| {case} |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for name, row in measured(case).items():
        cells = [f"{row['error'][n]:.3f}" for n in POINTS]
        if case == "detail":
            cells.append(f"{row['detailed']['256']:.3f}")
        order = f"{row['order']:.1f}" if row["difference"][-1] > 1e-5 else ""
        made.append([name, *cells, order, f"{row['from_first'][-1]:.0e}"])
    assert found == made


def test_marks() -> None:
    """At twice the points: converted within 1.3 times the error of the training grid."""
    for case in FILES:
        error = {name: row["error"] for name, row in measured(case).items()}
        for rule in ("points", "means"):
            converted = error[f"unet, converted, {rule}"]
            assert converted["128"] < 1.3 * converted["64"]
        assert error["unet"]["128"] > 3 * error["unet"]["64"]
