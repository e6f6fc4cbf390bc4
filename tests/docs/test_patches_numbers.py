"""The tables of the page on patches are those of the measurement."""

from __future__ import annotations

import json
from typing import Any

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "patches.md").read_text()
MADE = json.loads((ROOT / "benchmarks" / "patches-cpu-20261130.json").read_text())
PARTS = [part for part in ("flow", "local", "darcy") if part in MADE]
STEPS = ("step", "step, all windows at once", "step, window by window")


def table(head: str) -> list[list[str]]:
    """Return the cells of the table whose head starts so."""
    lines = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def rows(part: str) -> dict[str, dict[str, Any]]:
    """Return the networks of a part."""
    return {name: row for name, row in MADE[part].items() if isinstance(row, dict)}


def cells(row: dict[str, Any]) -> list[str]:
    """Return epochs, compression, errors and the largest memory of a step of a row."""
    memory = [f"{row[step]['peak_mb']:.1f}" for step in STEPS if step in row]
    errors = [f"{row['relative_l2']:.3f}", f"{row['seam_ratio']:.2f}"]
    both = memory if len(memory) == 2 else [*memory, ""]
    return [str(row["epochs"]), f"{row.get('compression', 1.0):.2f}", *errors, *both]


def memory_rows() -> list[list[str]]:
    """Return memory and time on the large grid."""
    return [
        [name]
        + [
            f"{found[what][key]:.1f}" if key == "cpu_seconds" else f"{found[what][key]:.0f}"
            for what in ("prediction", "training step")
            for key in ("peak_mb", "process_mb", "cpu_seconds")
        ]
        for name, found in MADE["memory"].items()
    ]


def floor_rows() -> list[list[str]]:
    """Return the errors of the solvers."""
    floor = MADE["floor"]
    return [[name, *(f"{floor[part][name]:.4f}" for part in floor)] for name in floor["flow"]]


def test_tables() -> None:
    assert table("| map |") == [
        [part, name, *cells(row)] for part in PARTS for name, row in rows(part).items()
    ]
    assert table("| 1024 x 1024 |") == memory_rows()
    assert table("| solver on |") == floor_rows()


def test_a_window_takes_less_memory_than_the_grid() -> None:
    for part in PARTS:
        for row in rows(part).values():
            if STEPS[1] in row:
                assert row[STEPS[2]]["peak_mb"] < 0.5 * row[STEPS[1]]["peak_mb"]
    whole, *others = MADE["memory"].values()
    for found in others:
        for what in ("prediction", "training step"):
            assert found[what]["peak_mb"] < whole[what]["peak_mb"]
