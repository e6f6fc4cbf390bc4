"""The table of promises: what a marker says of each test, how often it was tried, and the result.

A test belongs to a row by ``@pytest.mark.trust(promise, attack, trials=1)``. A test whose number of
trials is not known before gives it by ``record_property("trials", number)``.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

BEGIN, END = "<!-- table of `make trust` -->", "<!-- end of the table -->"


class TrustTable:
    """A pytest plugin that writes the table into a page, between two comments.

    Rows of tests that did not run stay as they are.
    """

    def __init__(self, page: Path) -> None:
        self.page = page
        self.rows: dict[tuple[str, str], dict[str, list[tuple[str, int]]]] = {}
        kept = page.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip().splitlines()
        self.kept = {tuple(line.strip("| ").split(" | ")[:2]): line for line in kept[2:]}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = dict(report.user_properties)
        if "trust" not in found or (report.when != "call" and report.passed):
            return
        promise, attack = found["trust"]
        results = self.rows.setdefault((promise, attack), defaultdict(list))
        file = report.nodeid.split("::")[0]
        results[report.outcome].append((file, int(found.get("trials", 1))))

    def table(self) -> str:
        """Return the rows as Markdown, in the order of their promises."""
        lines = dict(self.kept)
        for (promise, attack), results in self.rows.items():
            trials = sum(number for _, number in results["passed"])
            others = [f"{len(of)} {outcome}" for outcome, of in results.items() if of]
            result = "holds" if list(results) == ["passed"] else ", ".join(sorted(others))
            files = sorted({file for of in results.values() for file, _ in of})
            names = ", ".join(f"`{file}`" for file in files)
            row = f"| {promise} | {attack} | {trials:,} | {result} | {names} |"
            lines[promise, attack] = row
        head = ["| promise | attack | trials | result | tests |", "|---|---|--:|---|---|"]
        return "\n".join(head + [lines[key] for key in sorted(lines)])

    def pytest_sessionfinish(self) -> None:
        text = self.page.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN)
        tail = rest.split(END)[1]
        self.page.write_text(f"{head}{BEGIN}\n{self.table()}\n{END}{tail}", encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(self.table())
