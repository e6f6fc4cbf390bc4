"""The table of the page on equations is that of the measurement."""

from __future__ import annotations

import json

from documents import ROOT

PAGE = (ROOT / "docs" / "howto" / "equations.md").read_text()
RUNS, LIGHTER, LONGER = (
    json.loads((ROOT / "benchmarks" / f"pino{weight}-cpu-20261130.json").read_text())["runs"]
    for weight in ("", "-weight", "-long")
)


def test_table() -> None:
    table = PAGE[PAGE.index("| frames | trained by |") :].split("\n\n")[0].splitlines()[2:]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    made = []
    for run, before in zip(RUNS, [None, *RUNS], strict=False):
        first = before is None or before["frames"] != run["frames"]
        floor = f"{run['residual_of_truth']:.2g}" if first else ""
        frames = str(run["frames"]) if first else ""
        errors = f"{run['relative_l2']:.4f}", f"{run['residual']:.3f}"
        made.append([frames, run["row"], *errors, floor])
    assert found == made


def test_sentences() -> None:
    errors = {(run["frames"], run["row"]): run["relative_l2"] for run in RUNS}
    lighter = {run["row"]: run["relative_l2"] for run in LIGHTER}
    assert f"{errors[32, 'equation alone']:.2f}" == "0.01"
    for labels, factor, with_less in (("few", "1.02", "0.98"), ("all", "1.48", "1.13")):
        alone = errors[32, f"{labels} labels"]
        assert f"{errors[32, f'{labels} labels and equation'] / alone:.2f}" == factor
        assert f"{lighter[f'{labels} labels and equation'] / alone:.2f}" == with_less
        assert factor in PAGE
        assert with_less in PAGE
        assert errors[4, f"{labels} labels and equation"] > errors[4, f"{labels} labels"]
    long = {run["row"]: run["relative_l2"] for run in LONGER}
    assert f"a factor of {long['few labels and equation'] / long['few labels']:.2f}" in PAGE
    assert all(f"{error:.4f}" in PAGE for error in long.values())
    for name in ("pino-soap", "pino-soap-order", "pino-soap-long"):
        made = json.loads((ROOT / "benchmarks" / f"{name}-cpu-20261201.json").read_text())["runs"]
        found = {run["row"]: run["relative_l2"] for run in made}
        assert all(f"{error:.4f}" in PAGE for error in found.values())
    assert f"{found['few labels and equation'] / found['few labels']:.2f}" == "0.65"
    few = [run for run in RUNS if run["frames"] == 4 and "equation" in run["row"]]
    assert all(run["residual"] < 0.045 < run["residual_of_truth"] for run in few)
