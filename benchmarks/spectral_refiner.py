r"""Spectral-Refiner: predicted windows corrected by the residual of their equation, without data.

python benchmarks/spectral_refiner.py [--interval 0.5] [--samples 400] [--epochs 8] [--out FILE]

An FNO over space and time predicts 10 frames of Navier-Stokes flow (32 x 32 points, viscosity 1e-3)
from the 5 before them. The predictions of the first test samples are corrected by the residual in
H^-1 (the method) or in L2, by training all weights on the residual of the sample, and compared with
the solver from the last given frame. All norms are the same before and after. The residual of the
truth is that of the differences in time: `--interval` is chosen so that it is far below that of
the predictions.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

import neurop
from neurop.datasets import NavierStokes, SpaceTime
from neurop.evaluation.headline import headline
from neurop.metrics.sobolev import sobolev_square
from neurop.objectives.predicted_fields import PredictedFields, predicted
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.solvers.vorticity import solve_vorticity
from neurop.refinement.spectral import refine
from neurop.refinement.spectral.window import Window
from neurop.spectral import resample

GIVEN, LATER, HELD_OUT, POINTS = 5, 10, 20, 32
NAMES = ("vorticity",)
SPACE = neurop.Grid.periodic(2)


def data_of(given: argparse.Namespace) -> SpaceTime:
    """Return the trajectories as maps from the first frames to the others."""
    source = NavierStokes(
        samples=given.samples + 2 * HELD_OUT,
        resolution=POINTS,
        steps=GIVEN + LATER - 1,
        interval=given.interval,
        storage={"held_out": HELD_OUT, "folder": str(given.folder)},
    )
    return SpaceTime(source, given=GIVEN, steps=LATER)


def trained(data: SpaceTime, given: argparse.Namespace) -> neurop.Surrogate:
    """Return the network that predicts all frames at once."""
    torch.manual_seed(given.seed)
    spec = neurop.models.FNO.spec(modes=[8, 8, 5], width=12, depth=4, padding=0.25)
    made = neurop.fit(
        neurop.Surrogate.of(data.splits()["train"], spec),
        data,
        epochs=given.epochs,
        batch_size=8,
        optimizer=partial(torch.optim.AdamW, lr=5e-3, betas=(0.9, 0.98), weight_decay=1e-5),
        seed=given.seed,
    )
    return made.eval()


def by_weights(
    surrogate: neurop.Surrogate, batch: dict[str, Tensor], equation: Any, steps: int, lr: float
) -> Tensor:
    """Return the window after training all weights on the residual of one sample, in float64."""
    own = copy.deepcopy(surrogate).double()
    batch = {"input": batch["input"].double()}
    optimizer = torch.optim.Adam(own.net.parameters(), lr=lr)
    best, least = predicted(own, batch).values.detach(), torch.inf
    for _ in range(steps):
        fields = predicted(own, batch)
        window = Window(fields, equation, NAMES, {}, -1.0, GridDerivatives)
        loss = window.weighted(window.values).square().mean()
        if loss < least:
            best, least = fields.values.detach(), loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return best


def solved(source: NavierStokes, first: Tensor) -> Tensor:
    """Return the frames after a given one by the solver of the data."""
    points, substeps = source.discretisation(source.shape)
    start = resample(first[None, None], SPACE, (points, points))[0]
    step = source.interval / substeps
    shape = (POINTS, POINTS)
    force = source.force(points)
    frames = solve_vorticity(start, force, source.viscosity, step, substeps, LATER, shape)
    return frames[0, 1:].movedim(0, -1)


def norm(values: Tensor, order: float) -> float:
    """Return the norm of the predicted frames ``(1, 1, x, y, times)``."""
    frames = values[..., GIVEN:].movedim(-1, 1)
    return float(sobolev_square(frames, SPACE, order).mean().sqrt())


def measured(
    window: PredictedFields, truth: Tensor, equation: Any, way: Callable[[], Tensor]
) -> dict[str, float]:
    """Return the errors and the residuals of the window that a way of correction returns."""
    start = time.perf_counter()
    values = way()
    seconds = time.perf_counter() - start
    error = {f"error_h{s}": norm(values - truth, s) for s in (0, 1)}
    residual = {
        f"residual_h{s}": float(
            refine(PredictedFields(values, window.grid, GIVEN), equation, sweeps=0, order=s).before
        )
        for s in (-1, 0)
    }
    relative = {
        "relative_l2": error["error_h0"] / norm(truth, 0),
        "relative_h1": error["error_h1"] / norm(truth, 1),
    }
    return relative | residual | error | {"seconds": seconds}


def main() -> None:
    """Train, correct, print the table and write all numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--interval", type=float, default=0.5, help="time between frames")
    parser.add_argument("--samples", type=int, default=400, help="for training")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--count", type=int, default=16, help="corrected test samples")
    parser.add_argument("--sweeps", type=int, default=3)
    parser.add_argument("--steps", type=int, default=50, help="of training all weights")
    parser.add_argument("--rate", type=float, default=1e-3, help="of training all weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    today = time.strftime("%Y%m%d")
    parser.add_argument(
        "--out", type=Path, default=Path(f"benchmarks/spectral_refiner-cpu-{today}.json")
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = data_of(given)
    source: Any = data.source
    start = time.perf_counter()
    surrogate = trained(data, given)
    training = time.perf_counter() - start
    made: dict[str, Any] = {
        "about": {"torch": torch.__version__, "processor": platform.machine(), "threads": 1},
        "settings": {k: v for k, v in vars(given).items() if k not in ("folder", "out")},
        "training_seconds": round(training, 1),
        "test_relative_l2": {
            str(times): dict(headline(surrogate, data.at((POINTS, POINTS, times))))["relative_l2"]
            for times in (LATER, 2 * LATER)
        },
    }
    print(json.dumps(made))
    test, rows = data.splits()["test"], {}
    for i in range(given.count):
        batch = {"input": torch.as_tensor(np.array(test.values[i : i + 1])).float()}
        with torch.no_grad():
            fields = predicted(surrogate, batch)
        window = PredictedFields(fields.values.double(), fields.grid, GIVEN)
        later = torch.as_tensor(np.array(test.targets[i : i + 1, 0])).double()
        truth = torch.cat([window.values[..., :GIVEN], later], dim=-1)
        corrected = partial(refine, window, source.equation, sweeps=given.sweeps)
        first = window.values[0, 0, ..., GIVEN - 1]
        ways: dict[str, Callable[[], Tensor]] = {
            "prediction": lambda w=window: w.values,
            "residual in H^-1": lambda c=corrected: c(order=-1.0).fields.values,
            "residual in L2": lambda c=corrected: c(order=0.0).fields.values,
            "all weights": partial(
                by_weights, surrogate, batch, source.equation, given.steps, given.rate
            ),
            "solver": lambda w=window, f=first: torch.cat(
                [w.values[..., :GIVEN], solved(source, f)[None, None]], dim=-1
            ),
            "truth": lambda t=truth: t,
        }
        for name, way in ways.items():
            rows.setdefault(name, []).append(measured(window, truth, source.equation, way))
        rows["residual in H^-1"][-1]["change"] = float(corrected(order=-1.0).change)
        made["rows"] = rows
        given.out.write_text(json.dumps(made, indent=1) + "\n")
    column = {
        name: {key: [one[key] for one in found] for key in found[0]} for name, found in rows.items()
    }
    before, after = column["prediction"], column["residual in H^-1"]
    made["rank_correlation"] = {
        "residual_h-1 and error_h0": float(
            spearmanr(before["residual_h-1"], before["error_h0"]).statistic
        ),
        "residual_h0 and error_h0": float(
            spearmanr(before["residual_h0"], before["error_h0"]).statistic
        ),
        "change and error_h0": float(spearmanr(after["change"], before["error_h0"]).statistic),
    }
    given.out.write_text(json.dumps(made, indent=1) + "\n")
    keys = ("relative_l2", "relative_h1", "residual_h-1", "residual_h0", "seconds")
    print(f"{'mean over samples':20}" + "".join(f"{key:>14}" for key in keys))
    for name, found in column.items():
        print(f"{name:20}" + "".join(f"{np.mean(found[key]):14.3g}" for key in keys))
    print(json.dumps(made["rank_correlation"]))


if __name__ == "__main__":
    main()
