"""The tables of neural spectral methods are those of the measurements."""

from __future__ import annotations

import json
from typing import Any

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "equations.md").read_text()
ORDER = ("nsm", "pino", "pino_second_order")


def runs(*names: str) -> dict[str, Any]:
    files = [ROOT / "benchmarks" / f"{name}.json" for name in names]
    made = [run for file in files for run in json.loads(file.read_text())["runs"]]
    return {run["row"]: run for run in made}


ADAMW = runs("nsm-cpu-20261130")
SOAP = runs("nsm-soap-cpu-20261201", "nsm-soap-second-cpu-20261201")


def test_tables() -> None:
    for head, made in (
        ("| trained by the equation |", ADAMW),
        ("| trained by the equation, S", SOAP),
    ):
        lines = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()[2:]
        found = [[cell.strip() for cell in line.strip("|").split("|")][1:] for line in lines]
        assert found == [
            [f"{made[row]['relative_l2']:#.2g}", str(made[row]["steps"])] for row in ORDER
        ]


def test_factors() -> None:
    for made, factors in ((ADAMW, ("1.6", "3.1")), (SOAP, ("2.9", "8.7"))):
        for row, factor in zip(ORDER[1:], factors, strict=True):
            assert f"{made[row]['relative_l2'] / made['nsm']['relative_l2']:.1f}" == factor
