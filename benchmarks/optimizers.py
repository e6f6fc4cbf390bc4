"""AdamW, Muon and SOAP after equal numbers of steps and after equal processor time.

python benchmarks/optimizers.py [--sets burgers navier_stokes] [--seeds 0] [--rates 4e-3 8e-3]

A small FNO on Burgers' equation (64 points, 240 pairs, 500 steps of 16) and on Navier-Stokes (32 x
32 points, 40 trajectories, 200 steps of 8), one thread. Every rate is trained for the same number
of steps; then every optimizer at its best rate of these, for as many steps as take the time of
AdamW's. The best rate is that of the smallest validation error. The file is written after every
training.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch

import neurop
from neurop import FieldSet
from neurop.datasets import Burgers, NavierStokes
from neurop.evaluation.headline import headline
from neurop.registry import Spec
from neurop.training.fit import ADAMW
from neurop.training.optimizers.muon import Muon
from neurop.training.optimizers.soap import SOAP
from neurop.training.quiet import quiet

OPTIMIZERS: dict[str, Callable[..., Any]] = {"adamw": ADAMW, "muon": Muon, "soap": SOAP}
SETS: dict[str, tuple[Any, Spec, int, int]] = {
    "burgers": (
        partial(Burgers, samples=280, resolution=64),
        neurop.models.FNO.spec(modes=12, width=24, depth=4),
        500,
        16,
    ),
    "navier_stokes": (
        partial(NavierStokes, samples=80, resolution=32),
        neurop.models.FNO.spec(modes=8, width=16, depth=4),
        200,
        8,
    ),
}
"""Data, network, steps and examples per step."""


def trained(
    name: str, splits: dict[str, FieldSet], optimizer: str, rate: float, steps: int, seed: int
) -> dict[str, Any]:
    """Train and return errors and processor time of a step, without evaluation."""
    _, spec, _, batch = SETS[name]
    torch.manual_seed(seed)
    surrogate = neurop.Surrogate.of(splits["train"], spec)
    start = time.process_time()
    neurop.fit(
        surrogate,
        {part: splits[part] for part in ("train", "val")},
        budget=f"{steps}steps",
        batch_size=batch,
        optimizer=partial(OPTIMIZERS[optimizer], lr=rate),
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
    seconds = time.process_time() - start
    errors = {part: dict(headline(surrogate, splits[part])) for part in ("val", "test")}
    return {
        "optimizer": optimizer,
        "rate": rate,
        "seed": seed,
        "steps": steps,
        "cpu_seconds": round(seconds, 2),
        "val": errors["val"]["relative_l2"],
        "error": errors["test"]["relative_l2"],
    }


def main() -> None:
    """Train all, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=[*SETS], default=[*SETS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[4e-3, 8e-3, 1.6e-2, 3.2e-2])
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    today = time.strftime("%Y%m%d")
    parser.add_argument("--out", type=Path, default=Path(f"benchmarks/optimizers-cpu-{today}.json"))
    given = parser.parse_args()
    quiet()
    torch.set_num_threads(1)
    versions = {"neurop": neurop.__version__, "torch": torch.__version__}
    record: dict[str, Any] = {"versions": versions, "machine": platform.machine(), "threads": 1}

    for name in given.sets:
        make, _, steps, _ = SETS[name]
        splits = make(storage={"held_out": 20, "folder": str(given.folder)}).splits()
        runs = record[name] = []

        def add(part: str, *setting: Any, name: str = name, runs: list[Any] = runs) -> None:
            runs.append({"part": part, **trained(name, *setting)})
            print(name, json.dumps(runs[-1]), flush=True)
            given.out.write_text(json.dumps(record, indent=1) + "\n")

        for seed in given.seeds:
            # The optimizers take turns, so that each has the same load of the machine.
            for rate in given.rates:
                for optimizer in OPTIMIZERS:
                    add("equal steps", splits, optimizer, rate, steps, seed)
            mine = [run for run in runs if run["seed"] == seed]
            time_of = {
                key: sum(run["cpu_seconds"] for run in mine if run["optimizer"] == key)
                for key in OPTIMIZERS
            }
            for optimizer in ("muon", "soap"):
                best = min(
                    (run for run in mine if run["optimizer"] == optimizer),
                    key=lambda run: run["val"],
                )
                fewer = round(steps * time_of["adamw"] / time_of[optimizer])
                add("equal time", splits, optimizer, best["rate"], fewer, seed)


if __name__ == "__main__":
    main()
