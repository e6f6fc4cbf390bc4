"""The tables on AFNO and its ensembles are those of the measurement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from documents import ROOT

PAGES = {
    name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("models", "howto/uncertainty")
}
MADE: dict[str, Any] = json.loads((ROOT / "benchmarks" / "afno-cpu-20261130.json").read_text())
FORECASTS = MADE["forecasts"]


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    table = PAGES[page][PAGES[page].index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_forecasts() -> None:
    every = {name: FORECASTS[name] for name in ("afno", "fno")}
    every |= {
        name: {k: FORECASTS[f"{name}_{k}"] for k in ("rmse", "acc") if f"{name}_{k}" in FORECASTS}
        for name in ("persistence", "climatology")
    }
    made = [
        [name, *(f"{v:.0f}" for v in one["rmse"]), *(f"{v:.2f}" for v in one.get("acc", ()))]
        for name, one in every.items()
    ]
    assert rows("models", "| RMSE (Pa), ACC |") == [row + [""] * (11 - len(row)) for row in made]


def test_ensembles() -> None:
    made = [
        [name, *(f"{v:.0f}" for v in one["rmse"]), *(f"{v:.2f}" for v in one["spread_over_error"])]
        for name, one in FORECASTS["ensembles"].items()
    ]
    assert rows("howto/uncertainty", "| members |") == made


def test_cost_of_mixing() -> None:
    found = MADE["scaling"]
    made = [
        [name, *(f"{v:.3g}" for v in found["ms"][name]), f"{found['slope'][name]:.2f}"]
        for name in found["ms"]
    ]
    assert rows("models", "| tokens |") == made
    assert found["slope"]["AFNO, cutoff 8 x 16"] <= 1.2
    assert found["slope"]["attention"] >= 1.8 or pytest.fail("the page says 1.8 or more")
