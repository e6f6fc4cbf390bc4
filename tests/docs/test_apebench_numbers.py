"""The table of SGNO is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "models.md").read_text()
FOUND = json.loads((ROOT / "benchmarks" / "apebench-cpu-20261201.json").read_text())
ROWS = {(row["scenario"], row["model"]): row for row in FOUND["rows"]}
MODELS = ("fno", "fno, increments", "fno, as large", "sgno")


def test_table() -> None:
    start = PAGE.index("| model | parameters | `burgers` |")
    lines = PAGE[start:].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    for (_, parameters, *found), model in zip(cells, MODELS, strict=True):
        expected = []
        for scenario in ("burgers", "kdv"):
            row = ROWS.get((scenario, model))
            if row is None:
                expected += ["", ""]
                continue
            assert f"{row['parameters']:,}" == parameters
            digits = len(found[len(expected)].split(".")[1])
            expected += [f"{row['gmean100']:.{digits}f}", f"{row['cpu_seconds']:.0f} s"]
        assert found == expected


def test_gains() -> None:
    """32 and 64 % below an FNO as large, at 1.5 and 1.8 times its time."""
    for scenario, gain, time in (("burgers", "32", "1.5"), ("kdv", "64", "1.8")):
        ours, rival = ROWS[scenario, "sgno"], ROWS[scenario, "fno, as large"]
        assert f"{100 * (1 - ours['gmean100'] / rival['gmean100']):.0f}" == gain
        assert f"{ours['cpu_seconds'] / rival['cpu_seconds']:.1f}" == time
