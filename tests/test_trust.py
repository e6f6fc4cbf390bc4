"""The table of promises in the documentation is that of the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from trust_table import BEGIN, END, TrustTable

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trust.md"


def marked() -> Iterator[tuple[str, str, str]]:
    """Yield promise, attack and file of every marker."""
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.trust":
                promise, attack = map(ast.literal_eval, node.args)
                yield promise, attack, file.relative_to(ROOT).as_posix()


def rows() -> list[list[str]]:
    lines = PAGE.read_text().split(BEGIN)[1].split(END)[0].strip().splitlines()
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def test_every_marked_test_has_its_row_and_every_row_its_tests() -> None:
    assert {(row[0], row[1]) for row in rows()} == {(p, a) for p, a, _ in marked()}


def test_every_promise_of_the_table_holds() -> None:
    assert [row for row in rows() if row[3] != "holds"] == []
    assert min(int(row[2].replace(",", "")) for row in rows()) >= 1


def test_no_promise_is_worded_twice() -> None:
    assert len({p for p, _, _ in marked()}) == len({p.casefold() for p, _, _ in marked()})


class Report:
    """What a plugin sees of a test."""

    def __init__(self, outcome: str, attack: str, **more: int) -> None:
        self.nodeid, self.outcome, self.when = "tests/test_a.py::test_b[1]", outcome, "call"
        self.passed = outcome == "passed"
        self.user_properties = [("trust", ["It holds", attack]), *more.items()]


def test_a_row_counts_trials_and_names_what_failed_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    old = [
        "| promise |",
        "|---|",
        "| It holds | b | 9 | holds | x |",
        "| It was | c | 9 | holds | x |",
    ]
    page.write_text("\n".join(["above", BEGIN, *old, END, "below\n"]))
    table = TrustTable(page)
    for report in (
        Report("passed", "a", trials=1000),
        Report("passed", "a"),
        Report("passed", "b"),
        Report("failed", "b"),
    ):
        table.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    table.pytest_sessionfinish()
    assert page.read_text().splitlines() == [
        "above",
        BEGIN,
        "| promise | attack | trials | result | tests |",
        "|---|---|--:|---|---|",
        "| It holds | a | 1,001 | holds | `tests/test_a.py` |",
        "| It holds | b | 1 | 1 failed, 1 passed | `tests/test_a.py` |",
        "| It was | c | 9 | holds | x |",
        END,
        "below",
    ]
