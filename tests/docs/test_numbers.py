"""Numbers in the README and the documentation are those of the measurements."""

from __future__ import annotations

import importlib.util
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


def equal_time() -> Any:
    """Return the script of the comparison as a module."""
    path = BENCHMARKS / "equal_time.py"
    spec = importlib.util.spec_from_file_location("equal_time", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_default_settings() -> None:
    page = ROOT / "docs" / "benchmarks.md"
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


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_equal_time(page: Path) -> None:
    """The tables are those of the script, and the mean over seeds that of the stored errors."""
    script, text = equal_time(), page.read_text()
    table = text.split(script.BEGIN)[1].split(script.END)[0].strip().splitlines()
    found = {name: script.results(name) for name in script.EXPERIMENTS}
    assert table == script.errors(found, ("error",))
    names = [cell.strip(" |") for cell in table[0].split(" | ")][1:]
    for line, (experiment, ones) in zip(table[2:], found.items(), strict=True):
        cells = dict(zip(names, line.strip("|").split("|")[1:], strict=True))
        for model, cell in cells.items():
            errors = [
                row["error"] for one in ones for row in one["models"] if row["model"] == model
            ]
            if errors:
                assert float(cell.strip(" *")) == pytest.approx(np.mean(errors), rel=5e-3)
            else:
                assert cell.strip() == "-", (experiment, model)
        # Whoever is near the best has a second seed.
        assert not script.missing(experiment, 1, 0), experiment


def test_demo() -> None:
    text = (ROOT / "README.md").read_text()
    demo = read("ns_decay-fno-cpu-20261129.json")
    for points, row in demo["superres"]["resolutions"].items():
        keys = ("relative_l2", "relative_l2_in_band", "relative_l2_beyond_band")
        numbers = [row[key] for key in (*keys, "truth_beyond_band", "relative_l2_interpolated")]
        line = re.search(rf"^ +{points} +(0\..*)$", text, re.MULTILINE)
        assert line is not None
        assert line[1].split() == [f"{number:.4g}" for number in numbers]
    assert demo["superres"]["verdict"] in " ".join(text.split())
    rollout = demo["rollout"]
    for step in (1, 32, 80):
        line = re.search(rf"^ +{step} +(\S+) +(\S+) +(\S+) +(\S+)$", text, re.MULTILINE)
        assert line is not None
        keys = ("time", "relative_l2", "persistence_relative_l2", "correlation")
        assert line.groups() == tuple(f"{rollout[key][step - 1]:.4g}" for key in keys)


def test_super_resolution() -> None:
    text = (ROOT / "docs" / "howto" / "superresolution.md").read_text()
    found = read("super_resolution-cpu-20261129.json")
    for cells, one in zip(rows(text, "| training at 64 x 64"), found.values(), strict=True):
        coarse, fine = one["resolutions"]["64"], one["resolutions"]["128"]
        beyond = fine["relative_l2_beyond_band"]
        assert cells[1:] == [
            f"{coarse['relative_l2']:.4f}",
            f"{fine['relative_l2']:.4f}",
            f"{fine['relative_l2_interpolated']:.4f}",
            f"{beyond / fine['truth_beyond_band']:.2f}",
            f"{beyond / fine['persistence_beyond_band']:.2f}",
        ]
