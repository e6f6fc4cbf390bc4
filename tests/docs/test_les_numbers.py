"""The tables of the page on large-eddy simulation are those of the measurement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "les.md").read_text()
RUNS = json.loads((ROOT / "benchmarks" / "les-cpu-20261130.json").read_text())["runs"]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    table = PAGE[PAGE.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def scan(run: dict[str, Any]) -> list[list[str]]:
    """Return the rows of a run's scan: the flow once, then a constant in each row."""
    flow = f"{run['flow']}, {run['model']} x {run['model']}"
    found = []
    for constant, one in run["scan"].items():
        errors = one["trajectory_error"], one["spectrum_error"]
        ratios = one["smallest_scales"], one["energy"], one["enstrophy"]
        cells = [*(f"{v:.3f}" for v in errors), *(f"{v:.2f}" for v in ratios)]
        found.append([flow if not found else "", constant, *cells])
    return found


def test_scan() -> None:
    assert rows("| flow, model | $C_s$ |") == [row for run in RUNS for row in scan(run)]
    assert all(one["stable"] for run in RUNS for one in run["scan"].values())


def test_a_priori() -> None:
    made = []
    for run in RUNS:
        one = run["a_priori"]
        ratios = one["modelled_to_exact_enstrophy"]
        made.append(
            [
                f"{run['flow']}, {run['model']} x {run['model']}",
                f"{one['stress_correlation']:.3f}",
                f"{one['term_correlation']:.2f}",
                f"{ratios['0.05']:.2f}",
                f"{ratios['0.1']:.1f}",
                f"{ratios['0.2']:.0f}",
                f"{one['constant_of_the_exact_enstrophy_loss']:.3f}",
                f"{100 * one['points_with_backscatter']:.0f} %",
            ]
        )
    assert rows("| flow, model | stress |") == made


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run['flow']}-{run['model']}")
def test_the_exact_stress_takes_hardly_any_energy(run: dict[str, Any]) -> None:
    assert run["a_priori"]["modelled_to_exact_energy"]["0.05"] > 40


def test_a_network_that_learns_it() -> None:
    files = [
        ROOT / "benchmarks" / f"{name}-cpu-20261130.json" for name in ("lesnet", "lesnet-ifno")
    ]
    runs = [run for file in files for run in json.loads(file.read_text())["runs"]]
    keys = "to_les_one_window", "to_les", "to_truth_one_window", "to_truth"
    made = [
        [run["row"], *(f"{run[key]:.4f}" for key in keys), f"{run['spectrum_error']:.2f}"]
        for run in runs
    ]
    assert rows("| | from the solver with the closure") == made
    by_equation = next(run for run in runs if "equation" in run["row"])
    assert by_equation["to_les_one_window"] < 0.05
