"""The table of changes of a training is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "lower_errors.md").read_text()
FOUND = json.loads((ROOT / "benchmarks" / "factors-cpu-20261201.json").read_text())
ROWS = FOUND["sets"]["burgers"]["rows"]


def test_table() -> None:
    lines = PAGE[PAGE.index("| change |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    recommended = next(row["error"] for row in ROWS if row["factor"] == "recommended")
    assert [[name, *numbers] for name, _, *numbers in cells] == [
        [
            row["factor"],
            str(row["steps"]),
            f"{row['error']:.5f}",
            f"{row['error'] / recommended:.2f}",
        ]
        for row in sorted(ROWS, key=lambda row: row["error"])
    ]


def test_sentences() -> None:
    """Times of the trainings; no gain of a tenth by rate, batch or size."""
    seconds = sorted(row["cpu_seconds"] for row in ROWS)
    assert f"took {seconds[0]:.0f} to {seconds[-1]:.0f} s" in PAGE
    error = {row["factor"]: row["error"] for row in ROWS}
    sizes = [
        name
        for name in error
        if name.startswith(("half", "twice", "three quarters", "1.5", "two", "six"))
    ]
    assert len(sizes) == 10
    assert min(error[name] for name in sizes) > 0.9 * error["recommended"]
