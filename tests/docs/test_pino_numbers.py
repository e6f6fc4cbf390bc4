"""The table of the page on equations is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "equations.md").read_text()
RUNS = json.loads((ROOT / "benchmarks" / "pino-cpu-20261130.json").read_text())["runs"]


def test_table() -> None:
    table = PAGE[PAGE.index("| frames | trained by |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for run, before in zip(RUNS, [None, *RUNS], strict=False):
        first = before is None or before["frames"] != run["frames"]
        floor = f"{run['residual_of_truth']:.2g}" if first else ""
        frames = str(run["frames"]) if first else ""
        errors = f"{run['relative_l2']:.4f}", f"{run['residual']:.3f}"
        made.append([frames, run["row"], *errors, floor])
    assert found == made


def test_sentences() -> None:
    errors = {(run["frames"], run["row"]): run["relative_l2"] for run in RUNS}
    assert errors[32, "equation alone"] < 0.0105
    assert 0.65 < errors[32, "few labels and equation"] / errors[32, "few labels"] < 0.75
    for labels in ("all", "few"):
        assert errors[4, f"{labels} labels and equation"] > errors[4, f"{labels} labels"]
    assert all(run["residual"] < 0.044 for run in RUNS if "equation" in run["row"])
