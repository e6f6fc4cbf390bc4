"""The table of the page on refining is that of the measurement."""

from __future__ import annotations

import json

import numpy as np
from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "refining.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "spectral_refiner-cpu-20261130.json").read_text())


def column(row: str, key: str) -> np.ndarray:
    return np.array([one[key] for one in MADE["rows"][row]])


def test_table() -> None:
    table = PAGE[PAGE.index("| 16 samples, mean of |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for row in MADE["rows"]:
        errors = [f"{column(row, key).mean():.3g}" for key in ("relative_l2", "relative_h1")]
        residuals = [f"{column(row, key).mean():.2e}" for key in ("residual_h-1", "residual_h0")]
        seconds = column(row, "seconds").mean()
        made.append([row, *errors, *residuals, f"{seconds:.1f}" if seconds > 0.1 else ""])
    assert found == made
    assert len(MADE["rows"]["prediction"]) == 16


def test_sentences() -> None:
    before, after = "prediction", "residual in H^-1"
    factors = [column(before, key) / column(after, key) for key in ("relative_l2", "residual_h-1")]
    assert [round(factors[0].min(), 1), factors[1].min() // 10 * 10] == [4.7, 840]
    solver = column(after, "seconds").mean() / column("solver", "seconds").mean()
    assert round(solver) == 14
    ranks = MADE["rank_correlation"]
    assert f"{ranks['residual_h-1 and error_h0']:.2f}" == "0.86"
    assert f"{ranks['change and error_h0']:.3f}" == "0.997"
    for times, error in MADE["test_relative_l2"].items():
        assert f"{error:.4f}" in PAGE, times
    assert "by 4.7 or more" in PAGE
    assert "by 840 or more" in PAGE
    assert "14 times as fast" in PAGE
