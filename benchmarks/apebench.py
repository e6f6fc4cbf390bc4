"""Scores of networks on scenarios of APEBench, by its protocol.

python benchmarks/apebench.py [--scenarios burgers kdv] [--models fno t1] [--seeds 0 1] [--steps N]

Training on single steps of 50 trajectories of 51 frames: batches of 20, 10,000 updates, Adam whose
rate rises to 1e-3 over a fifth of them and falls to 0 as a cosine, the mean squared error of fields
in units of their deviation. The test are rollouts of 200 steps of 30 trajectories. GMean100 is the
geometric mean over steps 1 to 100 of the relative L2 error, the mean over trajectories. The weights
are those of the last update, as in APEBench, which reports medians of many seeds. `increments`
predicts the change of a state, not the next one; `neurop's recipe` also has AdamW at 4e-3, the
relative loss and clipped gradients. SGNO and the larger FNO have the size of the code of SGNO's
authors in one dimension. Rows that are in the file already are kept, so they can be computed in
several calls.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

import neurop
from neurop import FieldSet, Surrogate, models
from neurop.datasets import ApeBench
from neurop.datasets.apebench import SCENARIOS, Release
from neurop.evaluation.rollout import rollout
from neurop.inference.domain import measure
from neurop.metrics.norms import mean, scaled
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.training.fit import ADAMW
from neurop.training.quiet import quiet
from neurop.training.schedule import warmup_cosine
from neurop.transforms.transform import Batch

BATCH, ROLLOUT, SCORED = 20, 200, 100
ADAM = partial(torch.optim.Adam, lr=1e-3)
FNO = models.FNO.spec(modes=12, width=18, depth=4)


class MeanSquares(Objective):
    """Mean squared error of the predicted trajectory, in units of the fields' deviations."""

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the loss of the trajectory."""
        target, given = batch["target"], batch.get("given")
        predicted = surrogate.trajectory(batch["input"], target.shape[1], given)
        weights = measure(surrogate.card, target, given)
        error = scaled(predicted - target, surrogate.scale, weights).square()
        return {"mean_squares": mean(error, weights).mean()}


LOSSES: dict[str, type[Objective]] = {"mse": MeanSquares, "relative": Regression}


@dataclass(frozen=True)
class Row:
    """Network and training of a row."""

    spec: Spec = FNO
    increments: bool = False
    recipe: bool = False
    """Whether the optimizer, the loss and the clipping are those of neurop."""


ROWS = {
    "fno": Row(),
    "fno, increments": Row(increments=True),
    "fno, neurop's recipe": Row(increments=True, recipe=True),
    "t1": Row(models.TransformOnce.spec(modes=12, width=18, depth=4)),
    "fno, as large": Row(models.FNO.spec(modes=28, width=28, depth=4), increments=True),
    "sgno": Row(models.SGNO.spec(modes=28, width=28, depth=4), increments=True),
    "unet": Row(models.UNet.spec(width=12, levels=2)),
}


def trained(
    row: Row, splits: dict[str, FieldSet], loss: str, steps: int, seed: int
) -> tuple[Surrogate, float]:
    """Return the network of a row with its last weights, and the processor time of its training."""
    lightning.seed_everything(seed, workers=True, verbose=False)
    surrogate = Surrogate.of(splits["train"], row.spec, Evolution(increments=row.increments))
    last: dict[str, Tensor] = {}
    start = time.process_time()
    neurop.fit(
        surrogate,
        {part: splits[part] for part in ("train", "val")},
        LOSSES["relative" if row.recipe else loss](),
        budget=f"{steps}steps",
        batch_size=BATCH,
        optimizer=partial(ADAMW, lr=4e-3) if row.recipe else ADAM,
        scheduler=partial(warmup_cosine, warmup=0.2, final=0.0),
        callbacks=[Last(last)],
        trainer=partial(
            lightning.Trainer,
            gradient_clip_val=1.0 if row.recipe else None,
            check_val_every_n_epoch=10**6,
            enable_model_summary=False,
            enable_progress_bar=False,
            logger=False,
        ),
        seed=seed,
    )
    seconds = time.process_time() - start
    surrogate.load_state_dict(last)
    return surrogate, seconds


class Last(lightning.Callback):
    """Copies the weights at the end, which `fit` replaces by those of the best validation."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.weights = weights

    def on_train_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Copy the weights."""
        state = pl_module.surrogate.state_dict()
        self.weights.update({name: value.detach().clone() for name, value in state.items()})


def measured(surrogate: Surrogate, test: FieldSet) -> dict[str, Any]:
    """Return the errors of rollouts from the first frames."""
    errors = rollout(surrogate, test, ROLLOUT, batch_size=len(test)).relative_l2.values
    return {
        "gmean100": geometric(errors[:SCORED]),
        "one_step": rounded(errors[0]),
        "step_100": rounded(errors[99]),
        "step_200": rounded(errors[199]),
        "parameters": surrogate.parameters_count(),
    }


def geometric(errors: np.ndarray) -> float | None:
    """Return the geometric mean; None if the rollout ends in numbers that are not finite."""
    return rounded(np.exp(np.log(errors).mean()))


def rounded(value: float) -> float | None:
    """Return a number for the file; None if it is not finite, which JSON cannot say."""
    return float(f"{value:.5g}") if np.isfinite(value) else None


def main() -> None:
    """Train and roll out the networks; print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scenarios",
        nargs="+",
        choices=[*SCENARIOS],
        default=["advection", "burgers", "kdv", "ks_cons"],
    )
    parser.add_argument("--models", nargs="+", choices=[*ROWS], default=[*ROWS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--loss", choices=[*LOSSES], default="mse")
    parser.add_argument("--release", choices=["0.1.0", "0.2.0"], default="0.1.0")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("apebench.json"))
    given = parser.parse_args()
    quiet()
    torch.set_num_threads(1)
    made = json.loads(given.out.read_text()) if given.out.is_file() else {"rows": []}
    made |= {
        "command": " ".join(["python benchmarks/apebench.py", *options()]),
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.machine(),
        "threads": 1,
    }
    for scenario in given.scenarios:
        splits = data_of(scenario, given.release, given.data)
        for seed in given.seeds:
            for name in given.models:
                loss = "relative" if ROWS[name].recipe else given.loss
                key = {
                    "scenario": scenario,
                    "model": name,
                    "seed": seed,
                    "steps": given.steps,
                    "loss": loss,
                    "release": given.release,
                }
                if any(key.items() <= row.items() for row in made["rows"]):
                    continue
                surrogate, seconds = trained(ROWS[name], splits, loss, given.steps, seed)
                found = measured(surrogate, splits["test"]) | {"cpu_seconds": round(seconds, 1)}
                made["rows"].append(key | found)
                given.out.write_text(json.dumps(made, indent=1) + "\n")
                print(json.dumps(made["rows"][-1]), flush=True)


def data_of(scenario: str, release: Release, folder: Path) -> dict[str, FieldSet]:
    """Return the splits of a scenario."""
    return ApeBench(scenario, release=release, storage={"folder": str(folder)}).splits()


def options() -> list[str]:
    """Return the arguments of the call without the folders of this machine."""
    arguments, kept = iter(sys.argv[1:]), []
    for argument in arguments:
        if argument in ("--data", "--out"):
            next(arguments, None)
        elif not argument.startswith(("--data=", "--out=")):
            kept.append(argument)
    return kept


if __name__ == "__main__":
    main()
