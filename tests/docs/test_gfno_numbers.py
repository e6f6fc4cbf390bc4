"""The table of the page on symmetries is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "symmetries.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "gfno-cpu-20261130.json").read_text())


def test_table() -> None:
    table = PAGE[PAGE.index("| network |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for name, (row,) in MADE["rows"].items():
        kept = [row[f"equivariance at {n}"] for n in (32, 64)]
        errors = [f"{max(one[kind] for one in kept):.1e}" for kind in ("rotations", "reflections")]
        seconds = row.get("training_cpu_s")
        cost = [f"{row['parameters']:,}", f"{seconds:.0f}" if seconds else ""]
        made.append([name, *cost, f"{row['relative_l2']:.3f}", *errors])
    assert found == made


def test_bounds() -> None:
    for row in MADE["rows"]["gfno p4"] + MADE["rows"]["gfno p4m"]:
        for points in (32, 64):
            assert row[f"equivariance at {points}"]["rotations"] < 1e-5
    for row in MADE["rows"]["gfno p4m"]:
        assert max(row[f"equivariance at {n}"]["reflections"] for n in (32, 64)) < 1e-5
