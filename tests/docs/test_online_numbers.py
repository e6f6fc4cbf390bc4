"""What the page on training says about online training is what was measured."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "training.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "online-cpu-20261130.json").read_text())


def test_table() -> None:
    table = PAGE[PAGE.index("| run |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for row in MADE["rows"]:
        unique = str(row.get("unique_samples", ""))
        kind = row["case"] if row["case"].split()[0] in ("stored", "online") else f"`{row['case']}`"
        made.append([kind, f"{row['relative_l2']:.4f}", str(row["solver_calls"]), unique])
    assert found == made


def test_the_bounds_of_the_method() -> None:
    errors = {case: one["relative_l2"] for case, one in MADE["mean"].items()}
    assert errors["reservoir"] < 0.95 * errors["fifo"]
    gains = [1 - errors["online"] / errors[f"stored {n}"] for n in (100, 200, 800)]
    assert gains == sorted(gains, reverse=True)
    assert gains[2] < 0.5 * gains[0]
    assert [f"{abs(gain):.0%}" for gain in gains] == ["13%", "12%", "36%"]
    assert all(text in PAGE for text in ("13 % less", "12 % more", "36 % more"))
