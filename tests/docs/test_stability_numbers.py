"""The table of the page on long rollouts is that of the measurement."""

from __future__ import annotations

import json

import numpy as np
from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "long_rollouts.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "stability-cpu-20261130.json").read_text())


def test_table() -> None:
    table = PAGE[PAGE.index("| network |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for name, row in MADE["rows"].items():
        ended = row["diverged_at"]
        assert row["median"] == np.median(ended)
        last = [f"{row['median']:.0f}", f"{min(ended)} to {max(ended)}"]
        if min(ended) == row["censored_at"]:
            last = [f"none in {min(ended)}", ""]
        growth, high = f"{row['jacobian']:.2f}", row["high_band"]["20"]
        cells = [f"{row['parameters']:,}", f"{row['relative_l2']:.3f}", *last]
        made.append(
            [name, *cells, growth, f"{high:.2f}", f"{row['spectrum_error_at_the_end']:.2f}"]
        )
    assert found == made
