"""Numbers in the README and the documentation are those of the measurements."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documents import ROOT, name

BENCHMARKS = ROOT / "benchmarks"
PAGES = [ROOT / "README.md", ROOT / "docs" / "benchmarks.md"]
COLUMNS = [
    (path, what)
    for path in ("neurop", "neuraloperator")
    for what in ("forward_ms", "step_ms", "peak_mb")
]


def read(file: str) -> Any:
    return json.loads((BENCHMARKS / file).read_text())


def measured() -> dict[tuple[str, str], dict[str, float]]:
    """Return the rows of the bench that are compared, by case and path."""
    rows = read("spectral-models-cpu-20261121.json")["rows"]
    return {(row["case"], row["path"]): row for row in rows if row["allocator"] == "same"}


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    table = text[text.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_speed(page: Path) -> None:
    found = measured()
    table = rows(page.read_text(), "| batch x width x points, modes")
    assert len(table) >= 4
    for cells in table:
        batch, width, points, modes = re.match(r"(\d+) x (\d+) x (\S+), (\d+)", cells[0]).groups()
        dimensions = {"²": 2, "³": 3}.get(points[-1], 1)
        case = f"{dimensions}d-{batch}x{width}x{points.rstrip('²³')}-m{modes}"
        assert cells[1:] == [f"{found[case, path][what]:.0f}" for path, what in COLUMNS]


def test_geometric_means() -> None:
    found = measured()
    cases = [case for case, path in found if path == "neurop" and case.startswith("2d")]
    assert len(cases) == 5

    def mean(what: str) -> float:
        ratios = [
            found[case, "neuraloperator"][what] / found[case, "neurop"][what] for case in cases
        ]
        return float(np.exp(np.log(ratios).mean()))

    text = " ".join((ROOT / "docs" / "benchmarks.md").read_text().split())
    assert f"takes {mean('forward_ms'):.2f} times as long to evaluate" in text
    assert f"and {mean('step_ms'):.2f} times as long to train a step" in text
    assert f"needs {1 / mean('peak_mb'):.2f} of its memory" in text


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_default_settings(page: Path) -> None:
    table = rows(page.read_text(), "| data | what | error | compared with | training |")
    errors = {(cells[0].split(" ")[0], cells[1]): cells[2] for cells in table}
    flow, weather = read("navier_stokes-fno-cpu-20261129.json"), read("era5-fno-cpu-20261121.json")
    one, ten = (
        flow["train"][f"test/{key}"] for key in ("relative_l2", "trajectory_10_relative_l2")
    )
    assert errors["`navier_stokes`", "one step, relative L2"] == f"{one:.4f}"
    assert errors["", "ten steps from the initial state"] == f"{ten:.4f}"
    assert table[0][4] == f"{flow['train']['seconds']:.0f} s"
    forecasts = weather["eval"]["forecasts"]
    assert errors["`era5`", "RMSE after 6 h"] == f"{forecasts[0]['rmse']['msl']:.0f} Pa"
    assert errors["", "after 24 h"] == f"{forecasts[1]['rmse']['msl']:.0f} Pa"
