r"""Networks that learn large-eddy simulation from its equation alone, on a grid of 32 x 32 points.

python benchmarks/lesnet.py [--steps 2000] [--models fno ifno iufno] [--constant 0.05] [--out F]

Decaying and forced flow (Kolmogorov forcing with 4 waves) on the periodic unit square, resolved by
a direct simulation and filtered. A network maps the vorticity at the start of a window to its
frames. It is trained by the residual of the filtered equation with Smagorinsky's closure, or by the
frames of ten filtered direct simulations, with as many steps. The first has no frame to predict:
its windows start from states of other coarse runs, and its targets are the first frame at all
times. From states of trajectories that neither has seen, window after window continues from its
last frame. The solver with the same closure is what the network imitates; the solver without is
shown too.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from les import RATE, SPIN_UP, force, start
from matplotlib.figure import Figure
from torch import Tensor

import neurop
from neurop import Field, FieldSet, Grid
from neurop.constraints.band_limit import BandLimit
from neurop.constraints.initial_value import InitialValue
from neurop.geometry.axis import Axis
from neurop.metrics.spectra import power_spectrum, spectrum_error
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.objectives.residual import Residual
from neurop.physics.equations.vorticity import Vorticity
from neurop.physics.les.smagorinsky import Smagorinsky
from neurop.physics.les.subfilter import filter_width, sharp_filter
from neurop.physics.solvers.vorticity import solve_vorticity
from neurop.registry import Spec
from neurop.training.loader import Loader

COARSE, FRAMES, WINDOWS = 32, 8, 10
SPLIT = {"train": slice(6, None), "val": slice(4, 6), "test": slice(0, 4)}


def windows(frames: Tensor, every: int, interval: float) -> FieldSet:
    """Return windows of trajectories, of which one starts so many frames after another.

    The first frame is the input, at every time; the target has it too.
    """
    cut = frames.unfold(1, FRAMES + 1, every).flatten(0, 1)[:, None, None].float()
    time = Axis("t", "open", 0.0, FRAMES * interval, layout="ends")
    return FieldSet(
        cut[..., :1].expand_as(cut).numpy(),
        (Field("vorticity_0"),),
        Grid((*Grid.periodic(2).axes, time)),
        cut.numpy(),
        (Field("vorticity"),),
        source="filtered_direct_simulation",
    )


def states(kind: str, given: argparse.Namespace) -> dict[str, FieldSet]:
    """Return windows from states of coarse runs, whose targets are the first frame."""
    spin_up = round(SPIN_UP / given.interval)
    first = start(given.states, COARSE, first=1000)
    runs = solver(kind, first, spin_up + given.windows * FRAMES, given, given.constant)
    made = windows(runs[:, spin_up:], 2, given.interval)
    made = replace(made, targets=made.values)
    share = len(made) // 20
    return {"train": made.samples(slice(share, None)), "val": made.samples(slice(share))}


def direct(kind: str, given: argparse.Namespace) -> Tensor:
    """Return filtered frames of direct simulations after a spin-up."""
    n = 4 * COARSE
    rate = RATE * n // 64
    f, nu = force(kind, n), given.viscosity
    first = solve_vorticity(start(given.samples, n), f, nu, 1 / rate, round(SPIN_UP * rate), 1)
    every = round(given.interval * rate)
    frames = solve_vorticity(
        first[:, 1], f, nu, given.interval / every, every, given.windows * FRAMES
    )
    return sharp_filter(frames, (COARSE, COARSE))


def solver(kind: str, first: Tensor, frames: int, given: argparse.Namespace, c: float) -> Tensor:
    """Return frames of the solver on the coarse grid, with the closure unless c is 0."""
    shape = (COARSE, COARSE)
    term = Smagorinsky(c, filter_width(shape)).on(shape) if c else None
    every = round(given.interval * RATE)
    f = force(kind, COARSE)
    step = given.interval / every
    return solve_vorticity(first, f, given.viscosity, step, every, frames, closure=term)


def error(found: Tensor, truth: Tensor) -> Tensor:
    """Return the relative L2 error of each frame, a mean over samples."""
    return ((found - truth).flatten(2).norm(dim=2) / truth.flatten(2).norm(dim=2)).mean(0)


def forecast(surrogate: neurop.Surrogate, first: Tensor) -> Tensor:
    """Return the frames of all windows, each from the last frame of the one before."""
    frames = [first[:, None].float()]
    with torch.no_grad():
        for _ in range(WINDOWS):
            given = frames[-1][:, -1, None, :, :, None].expand(-1, -1, -1, -1, FRAMES + 1)
            frames.append(surrogate(given)[:, 0, ..., 1:].movedim(-1, 1))
    return torch.cat(frames, dim=1).double()


def scores(found: Tensor, truth: Tensor, les: Tensor) -> dict[str, Any]:
    """Return errors against the solver with the closure and the filtered truth."""
    stable = bool(torch.isfinite(found).all()) and bool(found.abs().max() < 10 * truth.abs().max())
    if not stable:
        return {"stable": False}
    powers = [power_spectrum(w[:, -1].numpy(), Grid.periodic(2))[1].mean(0) for w in (found, truth)]
    band = slice(1, COARSE // 3 + 1)
    to_les, to_truth = error(found, les), error(found, truth)
    return {
        "stable": True,
        "to_les_one_window": float(to_les[1 : FRAMES + 1].mean()),
        "to_les": float(to_les[1:].mean()),
        "to_truth_one_window": float(to_truth[1 : FRAMES + 1].mean()),
        "to_truth": float(to_truth[1:].mean()),
        "spectrum_error": float(spectrum_error(*(p[band] for p in powers))),
    }


def trained(
    name: str, objective: Objective, data: dict[str, FieldSet], given: argparse.Namespace
) -> tuple[neurop.Surrogate, float]:
    """Return a trained surrogate and the seconds."""
    torch.manual_seed(given.seed)
    spec = Spec(name, {"modes": [11, 11, 4], "width": given.width, "padding": 0.25})
    # The modes below a third of the points, which the equation has.
    band = 2 * ((COARSE - 1) // 3) + 1
    constraints = [BandLimit((band, band, FRAMES + 1)), InitialValue()]
    surrogate = neurop.Surrogate.of(data["train"], spec, constraints=constraints)
    clock = time.perf_counter()
    neurop.fit(
        surrogate,
        data,
        objective,
        budget=f"{given.steps}steps",
        optimizer=partial(torch.optim.AdamW, lr=4e-3, weight_decay=1e-5),
        loader=partial(Loader, batch_size=4),
        seed=given.seed,
    )
    return surrogate, time.perf_counter() - clock


def measured(kind: str, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows of one flow."""
    frames = direct(kind, given)
    closure = Smagorinsky(given.constant, filter_width((COARSE, COARSE)))
    equation = Vorticity(
        given.viscosity, partial(force, kind), closure=closure if given.constant else None
    )
    data = {
        name: windows(frames[part], 1 if name == "train" else FRAMES, given.interval)
        for name, part in SPLIT.items()
    }
    truth = frames[SPLIT["test"], : WINDOWS * FRAMES + 1]
    first, later = truth[:, 0], WINDOWS * FRAMES
    les = solver(kind, first, later, given, given.constant)
    plain = {
        "persistence": truth[:, :1].expand_as(truth),
        "solver, closure": les,
        "solver, no closure": solver(kind, first, later, given, 0.0),
    }
    rows = [{"flow": kind, "row": name} | scores(w, truth, les) for name, w in plain.items()]
    batch = {
        "input": torch.as_tensor(np.asarray(data["test"].values)).float(),
        "target": torch.as_tensor(np.asarray(data["test"].targets)).float(),
    }
    objectives: dict[str, Objective] = {"equation": Residual(equation), "frames": Regression()}
    for name in given.models:
        for by, objective in objectives.items():
            shown = data if objective.needs_targets else states(kind, given)
            surrogate, seconds = trained(name, objective, shown, given)
            with torch.no_grad():
                left = Residual(equation).scores(surrogate, batch, np.random.default_rng(0))
            count = len(shown["train"])
            row = {"flow": kind, "row": f"{name}, by {by}", "windows": count}
            row |= {"seconds": round(seconds, 1)}
            row |= {key: float(value) for key, value in left.items()}
            rows.append(row | scores(forecast(surrogate, first), truth, les))
            print(json.dumps(rows[-1]), flush=True)
    return rows


def draw(rows: list[dict[str, Any]]) -> Figure:
    """Return bars of the error of the first window against the solver with the closure."""
    flows = list(dict.fromkeys(row["flow"] for row in rows))
    figure = Figure(figsize=(4.6 * len(flows), 3.0), layout="constrained")
    panels = figure.subplots(1, len(flows), sharey=True, squeeze=False)[0]
    for panel, flow in zip(panels, flows, strict=True):
        shown = [row for row in rows if row["flow"] == flow and row["stable"]][::-1]
        names = [row["row"] for row in shown]
        for key, color in (("to_les_one_window", "C0"), ("to_truth_one_window", "C1")):
            label = "solver with closure" if color == "C0" else "filtered truth"
            panel.plot([row[key] for row in shown], names, "o", color=color, label=label)
        panel.set(title=flow, xlabel="relative L2 over one window", xscale="log")
    panels[0].legend(frameon=False, title="against")
    return figure


def main() -> None:
    """Train all networks, write the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--samples", type=int, default=16, help="trajectories, 6 held out")
    parser.add_argument("--states", type=int, default=48, help="coarse runs for the equation")
    parser.add_argument("--windows", type=int, default=12, help="windows per trajectory")
    parser.add_argument("--interval", type=float, default=0.05, help="time between frames")
    parser.add_argument("--viscosity", type=float, default=1e-4)
    parser.add_argument("--constant", type=float, default=0.05, help="of Smagorinsky")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flows", nargs="+", default=["decaying", "forced"])
    parser.add_argument("--models", nargs="+", default=["fno", "ifno", "iufno"])
    parser.add_argument("--out", type=Path, default=Path("lesnet.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = {k: v for k, v in vars(given).items() if k != "out"}
    about = {"neurop": neurop.__version__, "torch": torch.__version__, "on": platform.machine()}
    runs: list[dict[str, Any]] = []
    for flow in given.flows:
        runs += measured(flow, given)
        made = {"settings": settings, "versions": about, "threads": 1, "runs": runs}
        given.out.write_text(json.dumps(made, indent=1) + "\n")
    draw(runs).savefig(given.out.with_suffix(".png"), dpi=150)
    for row in runs:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
