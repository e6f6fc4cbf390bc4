"""What lowers the error in the same time: one change of the recommended training at a time.

python benchmarks/factors.py [--sets NAMES] [--factors NAMES] [--seconds 60] [--seeds 0]

Each change is trained for as many steps as take the same processor time on one thread, evaluation
not counted. The time of a step is the median of short trainings, in which the changes take turns.
Data: Burgers' equation (1024 points), Darcy flow (85 x 85), Navier-Stokes at a viscosity of 1e-4
(64 x 64, 60 trajectories of 30 steps) and the shallow-water equations on a sphere (32 x 64), with
the settings that their data sets recommend. Rows that are in the file already are kept, so they can
be computed in several calls.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from optimizers import OPTIMIZERS

import neurop
from neurop import FieldSet
from neurop.constraints.band_limit import BandLimit
from neurop.datasets import Burgers, Darcy, NavierStokes, ShallowWater
from neurop.evaluation.headline import headline
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.source import Source
from neurop.training.callbacks.ema import ExponentialAverage
from neurop.training.quiet import quiet
from neurop.transforms.coarse_to_fine import CoarseToFine
from neurop.transforms.mirror import Mirror
from neurop.transforms.noise import Noise
from neurop.transforms.shift import Shift
from neurop.transforms.swap import Swap
from neurop.transforms.transform import Transform

SHORT = (10, 40)
"""Steps of the trainings that are timed."""


@dataclass(frozen=True)
class Setting:
    """A training."""

    model: str
    arguments: dict[str, Any]
    rate: float
    batch: int
    coarse: tuple[int, ...] = ()
    """Points of the first part of the training; none for the full grid throughout."""
    share: float = 0.85
    band: tuple[int, ...] = ()
    gradient: float = 0.0
    augment: dict[str, Callable[[], Transform]] = field(default_factory=dict)
    optimizer: str = "adamw"
    average: float = 0.0
    unroll: int = 1


SETS: dict[str, tuple[Callable[..., Source], Setting]] = {
    "burgers": (
        Burgers,
        Setting("fno", {"modes": 24, "width": 32}, 4e-3, 16, (128,), 0.9, (64,)),
    ),
    "darcy": (
        Darcy,
        Setting(
            "fno",
            {"modes": 12, "width": 24, "padding": 0.1},
            3e-3,
            8,
            gradient=0.5,
            augment={"mirror": Mirror, "swap": Swap},
        ),
    ),
    "navier_stokes": (
        partial(NavierStokes, samples=100, viscosity=1e-4, steps=30),
        Setting("fno", {"modes": 16, "width": 24}, 4e-3, 4, (48, 48)),
    ),
    "shallow_water": (
        ShallowWater,
        Setting("sfno", {"modes": 32, "width": 32}, 3e-3, 16),
    ),
}
Change = Callable[[Setting], Setting]


def model(**factors: float) -> Change:
    """Return the change of arguments of the network by factors."""

    def change(setting: Setting) -> Setting:
        given = {"depth": 4} | setting.arguments
        changed = {name: round(given[name] * factor) for name, factor in factors.items()}
        return replace(setting, arguments=given | changed)

    return change


def with_transform(name: str, make: Callable[[], Transform]) -> Change:
    """Return the change that adds a transform of training batches."""
    return lambda setting: replace(setting, augment=setting.augment | {name: make})


FACTORS: dict[str, Change] = {
    "recommended": lambda s: s,
    "half the rate": lambda s: replace(s, rate=s.rate / 2),
    "twice the rate": lambda s: replace(s, rate=2 * s.rate),
    "half the batch": lambda s: replace(s, batch=s.batch // 2),
    "twice the batch": lambda s: replace(s, batch=2 * s.batch),
    "Muon": lambda s: replace(s, optimizer="muon", rate=4 * s.rate),
    "SOAP": lambda s: replace(s, optimizer="soap"),
    "loss with the gradient": lambda s: replace(s, gradient=1.0),
    "loss without the gradient": lambda s: replace(s, gradient=0.0),
    "average of the weights": lambda s: replace(s, average=0.99),
    "noise 0.01": with_transform("noise", partial(Noise, 0.01)),
    "shifts": with_transform("shift", Shift),
    "full grid": lambda s: replace(s, coarse=()),
    "three quarters of the width": model(width=0.75),
    "1.5 times the width": model(width=1.5),
    "two blocks": model(depth=0.5),
    "six blocks": model(depth=1.5),
    "three quarters of the modes": model(modes=0.75),
    "1.5 times the modes": model(modes=1.5),
    "steps of two": lambda s: replace(s, unroll=2),
    "local kernels": lambda s: replace(s, model="local_fno"),
    "factorised weights": lambda s: replace(s, model="tfno"),
}


def fits(name: str, factor: str) -> bool:
    """Return whether a change is one for a data set."""
    start = SETS[name][1]
    if factor in ("shifts", "steps of two"):  # a periodic box; an evolution
        return name == "navier_stokes" if factor == "shifts" else name not in ("burgers", "darcy")
    if factor == "1.5 times the modes" or factor == "factorised weights":
        return name != "shallow_water"  # it has all modes of its grid
    changed = FACTORS[factor](start)
    return factor == "recommended" or changed != start


def trained(
    setting: Setting, splits: dict[str, FieldSet], steps: int, seed: int
) -> tuple[neurop.Surrogate, float]:
    """Return a network after some steps, and the processor time."""
    torch.manual_seed(seed)
    spec = Spec(setting.model, setting.arguments)
    problem = None if splits["train"].has_targets else Evolution(unroll=setting.unroll)
    limits = [BandLimit(setting.band)] if setting.band else []
    surrogate = neurop.Surrogate.of(splits["train"], spec, problem, limits)
    augment = [make() for make in setting.augment.values()]
    if setting.coarse:
        augment.append(CoarseToFine(setting.coarse, share=setting.share))
    start = time.process_time()
    surrogate = neurop.fit(
        surrogate,
        {part: splits[part] for part in ("train", "val")},
        Regression(setting.gradient),
        budget=f"{steps}steps",
        batch_size=setting.batch,
        optimizer=partial(OPTIMIZERS[setting.optimizer], lr=setting.rate),
        augment=augment,
        callbacks=[ExponentialAverage(setting.average)] if setting.average else [],
        trainer=partial(
            lightning.Trainer,
            gradient_clip_val=1.0,
            check_val_every_n_epoch=1000,
            enable_model_summary=False,
            enable_progress_bar=False,
            logger=False,
        ),
        seed=seed,
    )
    return surrogate, time.process_time() - start


def step_seconds(settings: dict[str, Setting], splits: dict[str, FieldSet]) -> dict[str, float]:
    """Return the processor time of a step of each setting."""
    taken: dict[str, list[float]] = {name: [] for name in settings}
    for _ in range(3):
        for name, setting in settings.items():
            times = [trained(setting, splits, steps, 0)[1] for steps in SHORT]
            taken[name].append((times[1] - times[0]) / (SHORT[1] - SHORT[0]))
    return {name: statistics.median(each) for name, each in taken.items()}


def main() -> None:
    """Train all, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sets", nargs="+", choices=[*SETS], default=[*SETS])
    parser.add_argument("--factors", nargs="+", choices=[*FACTORS], default=[*FACTORS])
    parser.add_argument("--seconds", type=float, default=60, help="of the processor, each training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    parser.add_argument("--out", type=Path, default=Path("factors.json"))
    given = parser.parse_args()
    quiet()
    torch.set_num_threads(1)
    versions = {"neurop": neurop.__version__, "torch": torch.__version__}
    about = {"versions": versions, "machine": platform.machine(), "threads": 1}
    record: dict[str, Any] = about | {"seconds": given.seconds, "sets": {}}
    if given.out.exists():
        record |= json.loads(given.out.read_text())
    for name in given.sets:
        make, start = SETS[name]
        found = record["sets"].setdefault(name, {"step_ms": {}, "rows": []})
        settings = {f: FACTORS[f](start) for f in given.factors if fits(name, f)}
        splits = make(storage={"held_out": 20, "folder": str(given.folder)}).splits()
        new = {f: settings[f] for f in settings if f not in found["step_ms"]}
        times = step_seconds(new, splits)
        found["step_ms"] |= {f: round(1e3 * seconds, 2) for f, seconds in times.items()}
        done = {(row["factor"], row["seed"]) for row in found["rows"]}
        for seed in given.seeds:
            for factor in [f for f in settings if (f, seed) not in done]:
                steps = round(1e3 * record["seconds"] / found["step_ms"][factor])
                surrogate, seconds = trained(settings[factor], splits, steps, seed)
                errors = {part: dict(headline(surrogate, splits[part])) for part in ("val", "test")}
                row = {"factor": factor, "seed": seed, "steps": steps}
                row |= {"cpu_seconds": round(seconds, 1), "val": errors["val"]["relative_l2"]}
                row |= {"error": errors["test"]["relative_l2"]}
                print(name, json.dumps(row), flush=True)
                found["rows"].append(row)
                given.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
