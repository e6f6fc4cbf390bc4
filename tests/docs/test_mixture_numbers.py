"""The table of the page on mixtures is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "mixtures.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "mono-cpu-20261130.json").read_text())


def test_table() -> None:
    table = PAGE[PAGE.index("| inputs |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for row in MADE["rows"]:
        stored, active = (f"{row[f'{kind}_parameters']:,}" for kind in ("stored", "active"))
        made.append([row["data"], row["model"], stored, active, f"{row['relative_l2']:.4f}"])
    assert found == made


def test_the_regimes_have_an_expert_each_where_their_means_differ() -> None:
    for row in MADE["rows"]:
        if row["data"] == "waves" and "regimes_of_cells" in row:
            assert [sorted(cell) for cell in row["regimes_of_cells"]] == [[0, 0, 0, 50]] * 4
