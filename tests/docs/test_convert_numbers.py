"""The tables of the page on conversion are those of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "convert.md").read_text()
BURGERS = json.loads((ROOT / "benchmarks" / "convert-cpu-20261130.json").read_text())["burgers"]
DETAIL = json.loads((ROOT / "benchmarks" / "convert-detail-cpu-20261130.json").read_text())[
    "detail"
]


def table(case: str) -> list[list[str]]:
    """Return the cells of a table of the page."""
    lines = PAGE[PAGE.index(f"| {case} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_burgers() -> None:
    made = []
    for name, (row,) in BURGERS.items():
        cells = [f"{row['error'][n]:.3f}" for n in ("32", "64", "128", "256")]
        order = f"{row['order']:.1f}" if row["difference"][-1] > 1e-5 else ""
        made.append([name, *cells, order, f"{row['from_first'][-1]:.0e}"])
    assert table("burgers") == made


def test_detail() -> None:
    made = []
    for name, row in DETAIL.items():
        cells = [row["error"][n] for n in ("64", "128", "256")] + [row["detailed"]["256"]]
        made.append([name, *(f"{cell:.3f}" for cell in cells)])
    assert table("detail") == made


def test_marks() -> None:
    """At twice the points: converted within 1.3 times the error of the training grid."""
    error = {name: row["error"] for name, (row,) in BURGERS.items()}
    for rule in ("points", "means"):
        converted = error[f"unet, converted, {rule}"]
        assert converted["128"] < 1.3 * converted["64"]
    assert error["unet"]["128"] > 3 * error["unet"]["64"]
    assert DETAIL["converted, points"]["error"]["256"] < 1.3 * DETAIL["convolution"]["error"]["64"]
    lost = DETAIL["interpolated"]["detailed"]["256"]
    assert DETAIL["converted, points"]["detailed"]["256"] < lost / 2
