"""The table of the page on linear systems is that of the measurement."""

from __future__ import annotations

import json
from itertools import groupby

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "linear_systems.md").read_text()
FILES = ("krylov-cpu-20261130.json", "krylov-darcy-cpu-20261130.json")
MADE = [one for f in FILES for one in json.loads((ROOT / "benchmarks" / f).read_text())["rows"]]


def cells(one: dict) -> list[str]:
    """Return iterations, products, milliseconds and largest residual."""
    short = f" ({one['unsolved']} of {one['systems']} unsolved)" if one["unsolved"] else ""
    steps = [f"{one[key]:.0f}" if one["products"] else "" for key in ("iterations", "products")]
    return [
        steps[0] + short,
        steps[1],
        f"{1e3 * one['seconds']:.0f}",
        f"{one['largest_residual']:.0e}",
    ]


def lines() -> list[str]:
    """Return the rows of the table."""
    made = []
    for problem, group in groupby(MADE, key=lambda one: one["case"].rpartition(", ")[0]):
        rows = list(group)
        for i, one in enumerate(rows[: len(rows) // 2]):
            other = rows[len(rows) // 2 + i]
            assert (one["row"], one["case"][-5:]) == (other["row"], "1e-05")
            head = problem if i == 0 else ""
            made.append(f"| {' | '.join([head, one['row'], *cells(one), *cells(other)])} |")
    return made


def test_table() -> None:
    table = PAGE[PAGE.index("| problem | method |") :].split("\n\n")[0].splitlines()[2:]
    assert table == lines()
