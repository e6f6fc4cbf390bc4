"""Multi-stage networks: the error after each stage, compared with one network.

python benchmarks/multistage.py [--parts NAMES] [--out FILE] [--figure FILE]

Wang, Lai 2024 (arXiv:2307.08934): the regression of their released script, and their equation
u' = u + x with u(0) = 0. Each part is written when it is done; --figure draws what is in the file.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.func import grad

import neurop
from neurop.plots.style import CYCLE, save, styled
from neurop.refinement.multistage import (
    LBFGS,
    LevenbergMarquardt,
    MultistageNetwork,
    Stages,
    regress,
    solve,
)
from neurop.refinement.multistage.equation import residual_at
from neurop.refinement.multistage.estimators import dominant_frequency, rms
from neurop.refinement.multistage.growing import Minimizer

WIDTHS = (20, 20, 30, 30)
POINTS = (1501, 1501, 4801)
DRAWN = 2001
EARLY = [LevenbergMarquardt(iterations=number) for number in (20, 20, 150, 100)]
"""Minimizers whose first two stages stop early."""


def truth(x: Tensor) -> Tensor:
    """Return the function of the regression."""
    return torch.log(x[..., 0] + 2) * torch.cos(2 * x[..., 0] + x[..., 0] ** 3)


def line(points: int, lower: float, upper: float) -> Tensor:
    """Return points at equal distances, ``(points, 1)``."""
    return torch.linspace(lower, upper, points, dtype=torch.float64)[:, None]


def clustered(points: int, lower: float, upper: float) -> Tensor:
    """Return points that lie closer at the ends, those of Chebyshev, ``(points, 1)``."""
    angle = torch.pi * torch.arange(points, dtype=torch.float64) / (points - 1)
    return ((lower + upper) / 2 - (upper - lower) / 2 * angle.cos())[:, None]


def growth(u: Any, x: Tensor) -> Tensor:
    """Return the residual of the equation at a point."""
    return grad(u)(x)[0] - u(x) - x[0]


def solution(x: Tensor) -> Tensor:
    """Return the solution of the equation."""
    return torch.expm1(x[..., 0]) - x[..., 0]


def errors(network: MultistageNetwork, exact: Any, inner: Tensor, full: Tensor) -> dict[str, Any]:
    """Return the errors at the points that are judged, and on the whole interval of training."""
    found = {}
    for name, x in (("", inner), ("_with_ends", full)):
        error = network(x) - exact(x)
        found[f"relative_l2{name}"] = float(error.norm() / exact(x).norm())
        found[f"max{name}"] = float(error.abs().max())
    return found


def power_law(rows: list[dict[str, Any]]) -> float:
    """Return the exponent of amplitude against frequency, of the residuals after the stages."""
    kept = [row for row in rows if not row.get("rounding")]
    x, y = (np.log([row[key] for row in kept]) for key in ("residual_frequency", "residual"))
    return float(np.polyfit(x, y, 1)[0])


def regression(
    minimizer: Minimizer | Sequence[Minimizer],
    widths: tuple[int, ...] = WIDTHS,
    seed: int = 0,
    place: Callable[[int, float, float], Tensor] = line,
) -> dict[str, Any]:
    """Fit the function, and return the errors after each stage."""
    started = time.process_time()
    sets = [place(points, -1.02, 1.02) for points in POINTS]
    network = regress(truth, sets, Stages(widths, seed=seed), minimizer)
    seconds = time.process_time() - started
    rows = []
    inner, full = line(8000, -1, 1), line(8000, -1.02, 1.02)
    for count in range(1, len(network.records) + 1):
        part = network.first(count)
        error = truth(full) - part(full)
        left = {"residual": rms(error), "residual_frequency": dominant_frequency(error)}
        left["rounding"] = left["residual"] < 1e-14
        record = {k: v for k, v in network.records[count - 1].items() if k != "residual"}
        rows.append(record | errors(part, truth, inner, full) | left)
    x = line(DRAWN, -1.02, 1.02)
    drawn = [
        [float(f"{value:.3g}") for value in truth(x) - network.first(count)(x)]
        for count in range(len(network.records) + 1)
    ]
    parameters = sum(p.numel() for p in network.parameters())
    about = {"minimizer": repr(minimizer), "seed": seed, "parameters": parameters}
    found = about | {"points": POINTS, "cpu_seconds": round(seconds, 1), "stages": rows}
    if sum(not row["rounding"] for row in rows) > 1:
        found["exponent"] = power_law(rows)
    return found | ({"residuals": drawn} if len(widths) > 1 else {})


def equation(
    minimizer: Minimizer | Sequence[Minimizer] | None,
    widths: tuple[int, ...] = (10, 20, 30),
    seed: int = 0,
    upper: float = 2.0,
) -> dict[str, Any]:
    """Solve the equation, and return errors and residuals after each stage."""
    started = time.process_time()
    start = torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    wide = [(-0.01 * upper, 1.01 * upper)]
    network = solve(growth, start, wide, stages=Stages(widths, seed=seed), minimizer=minimizer)
    seconds = time.process_time() - started
    rows = []
    inner, full = line(8000, 0, upper), line(8000, *wide[0])
    for count in range(1, len(network.records) + 1):
        part = network.first(count)
        left = residual_at(growth, part, full)
        rows.append(
            {k: v for k, v in network.records[count - 1].items() if k != "residual"}
            | errors(part, solution, inner, full)
            | {"residual": rms(left), "residual_frequency": dominant_frequency(left)}
            | {"u(0)": float(part(torch.zeros(1, 1, dtype=torch.float64)))}
        )
    parameters = sum(p.numel() for p in network.parameters())
    about = {"minimizer": repr(minimizer), "seed": seed, "domain": wide, "parameters": parameters}
    return about | {"cpu_seconds": round(seconds, 1), "stages": rows}


@styled
def residuals(found: dict[str, Any]) -> Figure:
    """Draw the residual before the first and after each stage."""
    curves = found["residuals"]
    figure = Figure(figsize=(6.6, 1.05 * len(curves) + 0.4), layout="constrained")
    x = np.linspace(-1.02, 1.02, len(curves[0]))
    for number, (axes, curve) in enumerate(
        zip(figure.subplots(len(curves), 1, sharex=True), curves)
    ):
        size = float(np.abs(curve).max())
        power = int(np.floor(np.log10(size)))
        axes.plot(x, np.array(curve) / 10.0**power, color=CYCLE[0], linewidth=0.7)
        name = "function" if number == 0 else f"after stage {number}"
        unit = "" if power in (0, -1) else rf" ($10^{{{power}}}$)"
        axes.set_title(name + unit, loc="left")
        axes.axhline(0, color="0.8", linewidth=0.5, zorder=0)
    axes.set_xlabel("x")
    figure.supylabel("residual", fontsize=8)
    return figure


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "regression": lambda: regression(LevenbergMarquardt()),
    "regression_clustered": lambda: regression(LevenbergMarquardt(), place=clustered),
    "regression_early": lambda: regression(EARLY, (20, 20, 30, 40), place=clustered),
    "equation": lambda: equation(None),
    "equation_seed1": lambda: equation(None, seed=1),
    "regression_seed1": lambda: regression(LevenbergMarquardt(), seed=1),
    "regression_lbfgs": lambda: regression(LBFGS(2000, 2000)),
    "one_network": lambda: regression(LBFGS(8000, 8000), (52,)),
    "one_network_gauss_newton": lambda: regression(LevenbergMarquardt(8000, 40), (52,)),
    "equation_one_network": lambda: equation(LBFGS(6000, 6000), (31,)),
}


def main() -> None:
    """Measure the chosen parts, print and write them, and draw the residuals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="names, separated by commas")
    parser.add_argument("--out", type=Path, default=Path("multistage.json"))
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    about: dict[str, Any] = {
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
    }
    found = json.loads(given.out.read_text()) if given.out.exists() else about
    for name in filter(None, given.parts.split(",")):
        found[name] = PARTS[name]()
        given.out.write_text(json.dumps(found, indent=1) + "\n")
        for number, row in enumerate(found[name]["stages"], 1):
            numbers = {k: f"{v:.2g}" for k, v in row.items() if isinstance(v, float)}
            print(name, number, numbers, flush=True)
    if given.figure:
        save(residuals(found["regression"]), given.figure, dpi=150)


if __name__ == "__main__":
    main()
