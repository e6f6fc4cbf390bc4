"""What keeps the spectrum of a rollout clean: Navier-Stokes flow at viscosity 1e-4.

python benchmarks/evolutions.py [--rows NAMES] [--epochs N] [--seed N] [--data FOLDER] [--out FILE]

Rollouts of 20 steps from frame 10 of 20 test trajectories, by networks trained with the recommended
settings of the data set and one change each. Epochs are chosen for about as much work, counted in
points and passes through the network; their processor time is measured. Rows that are in the file
already are kept, so they can be computed in several calls.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch

import neurop
from neurop import Surrogate, models
from neurop.constraints.band_limit import BandLimit
from neurop.datasets import NavierStokes
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.training.fit import ADAMW
from neurop.transforms.coarse_to_fine import CoarseToFine
from neurop.transforms.noise import Noise
from neurop.transforms.transform import Transform

COARSE, START, STEPS = 48, 10, 20
RATE = 4e-3


@dataclass(frozen=True)
class Row:
    """Changes of the training and of the network."""

    coarse: int = COARSE
    """Points per side of the first 85 % of the training; 0 for the full grid throughout."""
    noise: float = 0.0
    gradient: float = 0.0
    """Weight of the relative error of the gradient in the loss."""
    pushforward: int = 0
    epochs: float = 1.0
    """Share of the epochs with examples of `unroll` steps."""
    unroll: int = 1
    last: float = 0.0
    """Share of the epochs after those, with examples of four steps and a tenth of the rate."""
    band: int = 0
    increments: bool = True
    modes: int = 16
    width: int = 24
    model: str = "FNO"


ROWS = {
    "single steps": Row(),
    "error of the gradient": Row(gradient=1.0),
    "32 points first": Row(coarse=32, epochs=1.75),
    "32 points first, error of the gradient": Row(coarse=32, epochs=1.75, gradient=1.0),
    "full grid": Row(coarse=0, epochs=0.6),
    "full grid, four steps at the end": Row(coarse=0, epochs=0.3, last=0.125),
    "noise 0.01": Row(noise=0.01),
    "noise 0.03": Row(noise=0.03),
    "four steps at the end": Row(epochs=0.5, last=0.125),
    "two steps": Row(epochs=0.5, unroll=2),
    "band limit": Row(band=43),
    "states": Row(increments=False),
    "noise 0.003": Row(noise=0.003),
    "pushforward": Row(pushforward=2, epochs=0.75),
    "24 modes": Row(modes=24, width=20),
    "noise 0.01, four steps at the end": Row(noise=0.01, epochs=0.5, last=0.125),
    "TFNO": Row(model="TFNO"),
    "T1": Row(model="TransformOnce"),
    "T1, error of the gradient": Row(model="TransformOnce", gradient=1.0),
    "T1, 24 modes": Row(model="TransformOnce", modes=24, width=16),
}


def trained(row: Row, splits: dict[str, neurop.FieldSet], given: argparse.Namespace) -> Surrogate:
    """Return the network of a row."""
    lightning.seed_everything(given.seed, verbose=False)
    spec = getattr(models, row.model).spec(modes=row.modes, width=row.width, depth=4)
    limits = [BandLimit((row.band, row.band))] if row.band else []
    problem = Evolution(unroll=row.unroll, increments=row.increments)
    surrogate = Surrogate.of(splits["train"], spec, problem, limits)
    augment: list[Transform] = [Noise(row.noise)] if row.noise else []
    if row.coarse:
        augment.append(CoarseToFine((row.coarse, row.coarse), share=0.85))
    train = partial(neurop.fit, data=splits, batch_size=4, seed=given.seed)
    surrogate = train(
        surrogate,
        objective=Regression(row.gradient, pushforward=row.pushforward),
        epochs=round(row.epochs * given.epochs),
        optimizer=partial(ADAMW, lr=RATE),
        augment=augment,
    )
    if not row.last:
        return surrogate
    several = Surrogate.of(
        splits["train"], spec, Evolution(unroll=4, increments=row.increments), limits
    )
    several.load_state_dict(surrogate.state_dict())
    return train(
        several, epochs=round(row.last * given.epochs), optimizer=partial(ADAMW, lr=RATE / 10)
    )


def measured(surrogate: Surrogate, test: neurop.FieldSet) -> dict[str, Any]:
    """Return the errors of a network, and its spectra relative to those of the truth."""
    found = rollout(surrogate, test, STEPS, start=START)
    spectra = [found[f"spectrum_{kind}"].isel(field=0) for kind in ("prediction", "truth")]
    middle = (found.mid_band_power / found.mid_band_power_truth).mean("sample").isel(field=0)
    steps = (1, 5, 7, 10, 20)
    return {
        "parameters": surrogate.parameters_count(),
        "one_step": float(score(surrogate, test).relative_l2),
        "relative_l2": rounded(found.relative_l2),
        "correlation": rounded(found.correlation),
        "mid_band_ratio": {str(s): rounded(middle)[s - 1] for s in steps},
        "octave_power_ratio": {
            str(s): octaves(*(power.sel(step=s).values for power in spectra)) for s in (10, 20)
        },
    }


def octaves(predicted: np.ndarray, truth: np.ndarray) -> list[float]:
    """Return predicted over true power from wavenumber 1, 2, 4, 8 and 16 to the next of them."""
    starts = (1, 2, 4, 8, 16)
    return rounded([predicted[k : 2 * k].sum() / truth[k : 2 * k].sum() for k in starts])


def rounded(values: Sequence[float]) -> list[float]:
    """Return numbers for the file."""
    return [float(f"{value:.5g}") for value in np.asarray(values)]


def main() -> None:
    """Train and roll out the networks; print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--samples", type=int, default=100, help="20 each for validation and test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("evolutions.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    source = NavierStokes(
        samples=given.samples, viscosity=1e-4, steps=30, storage={"folder": str(given.data)}
    )
    splits = source.splits()
    made = json.loads(given.out.read_text()) if given.out.is_file() else {"rows": {}}
    made |= {name: getattr(given, name) for name in ("epochs", "samples", "seed")} | {
        "command": " ".join(["python benchmarks/evolutions.py", *sys.argv[1:]]),
        "start": START,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": 1,
    }
    parts = {name: splits[name] for name in ("train", "val")}
    for name in given.rows:
        start = time.process_time()
        surrogate = trained(ROWS[name], parts, given)
        seconds = time.process_time() - start
        record = measured(surrogate, splits["test"]) | {"training_cpu_s": round(seconds, 1)}
        made["rows"][name] = record
        given.out.write_text(json.dumps(made, indent=1) + "\n")
        errors, middle = record["relative_l2"], record["mid_band_ratio"]
        print(
            f"{name:36} {record['one_step']:.4f}  steps 5, 10, 20: "
            f"{errors[4]:.4f} {errors[9]:.4f} {errors[19]:.4f}  mid band 7, 10, 20: "
            f"{middle['7']:.2f} {middle['10']:.2f} {middle['20']:.2f}  octaves, 20: "
            f"{record['octave_power_ratio']['20']}  {seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
