r"""An equation as a teacher: Burgers' equation with all, few and no labels, and too few frames.

python benchmarks/pino.py [--steps 1000] [--frames 32 4] [--optimizer adamw] [--out F]

One FNO over space and time, initial velocity to all later frames, is trained with the same number
of steps by targets, by the residual of the equation, and by both. With few frames the derivative
in time has an error, which the residual of the truth shows. Errors are relative L2 on 50 test
samples; no target is read by the rows without labels, whose best weights are those of the smallest
residual on the validation inputs.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from matplotlib.figure import Figure
from optimizers import OPTIMIZERS

import neurop
from neurop.datasets import Burgers, SpaceTime
from neurop.evaluation.headline import headline
from neurop.objectives.objective import Objective
from neurop.objectives.pino import Pino
from neurop.objectives.regression import Regression
from neurop.objectives.residual import Residual
from neurop.training.loader import Loader

FEW, HELD_OUT, BATCH = 20, 50, 4
VISCOSITY, POINTS = 0.01, 64


def splits(frames: int, given: argparse.Namespace) -> tuple[SpaceTime, dict[str, Any]]:
    """Return the data set with so many frames after the initial one, and its splits."""
    source = Burgers(
        samples=given.samples + 2 * HELD_OUT,
        resolution=POINTS,
        viscosity=VISCOSITY,
        initial="pino",
        steps=frames,
        storage={"held_out": HELD_OUT, "folder": str(given.folder)},
    )
    made = SpaceTime(source, given=1)
    return made, made.splits()


def rows(weight: float = 1.0, order: float = 0.0) -> dict[str, tuple[Objective, int | None]]:
    """Return the objectives, and the number of labelled samples; None for all of them."""
    return {
        "all labels": (Regression(), None),
        "all labels and equation": (Pino(weight, order=order), None),
        "few labels": (Regression(), FEW),
        "few labels and equation": (Pino(weight, order=order), FEW),
        "equation alone": (Residual(order=order), 0),
    }


def measured(frames: int, name: str, given: argparse.Namespace) -> dict[str, Any]:
    """Train one row and return its errors."""
    source, data = splits(frames, given)
    objective, labels = rows(given.weight, given.order)[name]
    if labels and isinstance(objective, Regression):
        data = data | {"train": data["train"].samples(slice(labels))}
        labels = None
    objective.bind(source.equation)
    torch.manual_seed(given.seed)
    modes = [12, min(12, frames // 2)]
    spec = neurop.models.FNO.spec(modes=modes, width=given.width, depth=4, padding=0.25)
    surrogate = neurop.Surrogate.of(data["train"], spec)
    start = time.perf_counter()
    neurop.fit(
        surrogate,
        data,
        objective,
        budget=f"{given.steps}steps",
        optimizer=partial(OPTIMIZERS[given.optimizer], lr=given.rate),
        loader=partial(Loader, batch_size=BATCH, labels=labels or None),
        trainer=partial(
            lightning.Trainer,
            gradient_clip_val=1.0,
            check_val_every_n_epoch=max(1, given.samples // len(data["train"])),
            enable_model_summary=False,
            enable_progress_bar=False,
            logger=False,
        ),
        seed=given.seed,
    )
    seconds = time.perf_counter() - start
    residual = Residual(source.equation)
    test = data["test"]
    batch = {
        "input": torch.as_tensor(np.asarray(test.values)).float(),
        "target": torch.as_tensor(np.asarray(test.targets)).float(),
    }
    with torch.no_grad():
        found = residual.scores(surrogate, batch, np.random.default_rng(0))
    errors = dict(headline(surrogate, test))
    return {
        "frames": frames,
        "row": name,
        "samples": len(data["train"]),
        "labels": len(data["train"]) if labels is None else labels,
        "relative_l2": errors["relative_l2"],
        **{key: float(value) for key, value in found.items()},
        "seconds": round(seconds, 1),
    }


def draw(runs: list[dict[str, Any]]) -> Figure:
    """Return a figure of the errors, next to the residual of the truth."""
    frames = list(dict.fromkeys(run["frames"] for run in runs))
    figure = Figure(figsize=(4.5 * len(frames), 3.2), layout="constrained")
    panels = figure.subplots(1, len(frames), sharex=True, sharey=True, squeeze=False)[0]
    for panel, count in zip(panels, frames, strict=True):
        rows = [run for run in runs if run["frames"] == count][::-1]
        colors = ["C1" if "equation" in run["row"] else "C0" for run in rows]
        panel.barh([run["row"] for run in rows], [run["relative_l2"] for run in rows], color=colors)
        floor = rows[0]["residual_of_truth"]
        panel.set(title=f"{count} frames; residual of the truth {floor:.2g}", xlabel="relative L2")
    return figure


def main() -> None:
    """Train all rows, write the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=300, help="for training")
    parser.add_argument("--frames", type=int, nargs="+", default=[32, 4])
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--weight", type=float, default=1.0, help="of the residual next to labels")
    parser.add_argument("--order", type=float, default=0.0, help="of the norm of the residual")
    parser.add_argument("--optimizer", choices=[*OPTIMIZERS], default="adamw")
    parser.add_argument("--rate", type=float, default=4e-3, help="of learning")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", nargs="+", choices=[*rows()], default=[*rows()])
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    today = time.strftime("%Y%m%d")
    parser.add_argument("--out", type=Path, default=Path(f"benchmarks/pino-cpu-{today}.json"))
    given = parser.parse_args()
    about = {"torch": torch.__version__, "processor": platform.machine(), "threads": 1}
    settings = {k: v for k, v in vars(given).items() if k not in ("folder", "out", "rows")}
    torch.set_num_threads(1)
    runs: list[dict[str, Any]] = []
    for frames in given.frames:
        for name in given.rows:
            runs.append(measured(frames, name, given))
            print(json.dumps(runs[-1]), flush=True)
            record = {"about": about, "settings": settings, "runs": runs}
            given.out.write_text(json.dumps(record, indent=1) + "\n")
    draw(runs).savefig(given.out.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
