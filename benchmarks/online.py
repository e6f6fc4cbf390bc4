"""What online training gains over stored samples, and what the policy of its buffer matters.

python benchmarks/online.py [--parts stored streamed] [--steps N] [--seeds N [N ...]] [--out FILE]

`stored`: Burgers' equation, the same network, steps and seeds with 100, 200 and 800 stored pairs
and with new ones. `streamed`: steps of trajectories of the Kuramoto-Sivashinsky equation from one
solver, by the three policies. The file is written after every run, so that one that is stopped
leaves what it has.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import lightning
import torch

import neurop
from neurop.datasets import Burgers, KuramotoSivashinsky
from neurop.generation.dataset import SolvedDataset
from neurop.generation.storage import Storage
from neurop.training.online import OnlineLoader
from neurop.training.streamed import StreamedLoader

SIZES, BUFFER = (100, 200, 800), 400
POLICIES, WINDOWS, WATERMARK = ("fifo", "firo", "reservoir"), 1000, 250
BATCH, EVERY = 16, 100
"""Examples per step, and steps between validations, about."""
HELD_OUT = 20
"""Samples of the test, of the validation, and of the first training set of an online run."""
OPTIMIZER = partial(torch.optim.AdamW, lr=2e-3)


def burgers(folder: str, size: int | None) -> tuple[SolvedDataset, Any]:
    """Return a data set with so many stored training pairs, or new ones, and the batches."""
    where = Storage(folder=folder, mode="online" if size is None else "stored")
    source = Burgers((size or 100) + 2 * HELD_OUT, resolution=64, storage=where)
    if size is not None:
        return source, None
    return source, partial(OnlineLoader, source=source, batch_size=BATCH, buffer=BUFFER)


def streamed(folder: str, policy: str) -> tuple[SolvedDataset, Any]:
    """Return a data set of trajectories, and batches of their time steps by a policy."""
    where = Storage(folder=folder, mode="online")
    flow = {"resolution": 64, "steps": 50, "interval": 0.5, "warmup": 50.0}
    source = KuramotoSivashinsky(3 * HELD_OUT, **flow, storage=where)
    how = {"buffer": WINDOWS, "draws": {"policy": policy, "watermark": WATERMARK}}
    return source, partial(StreamedLoader, source=source, batch_size=BATCH, **how)


def run(source: SolvedDataset, loader: Any, modes: int, steps: int, seed: int) -> dict[str, Any]:
    """Train once and return sizes, times and errors."""
    made: list[OnlineLoader] = []

    def kept(*args: Any, **how: Any) -> OnlineLoader:
        made.append(loader(*args, **how))
        return made[-1]

    splits = source.splits()
    examples = source.samples - 2 * HELD_OUT
    if hasattr(source, "steps") and source.steps:
        examples *= source.steps
    trainer = partial(
        lightning.Trainer,
        check_val_every_n_epoch=max(1, round(EVERY / (examples // BATCH))),
        gradient_clip_val=1.0,
        enable_model_summary=False,
        enable_progress_bar=False,
        logger=False,
    )
    began, cpu = time.perf_counter(), time.process_time()
    surrogate = neurop.fit(
        neurop.models.FNO.spec(modes=modes, width=24, depth=3),
        source,
        budget=f"{steps}steps",
        batch_size=BATCH,
        optimizer=OPTIMIZER,
        trainer=trainer,
        loader=kept if loader else None,
        seed=seed,
    )
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    report = made[-1].report() if made else {}
    return {
        "relative_l2": neurop.evaluate(surrogate, splits["test"]).relative_l2.item(),
        "solver_calls": len(splits["train"]) + report.get("solved_samples", 0),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        **report,
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return means over seeds, and the gain of new samples, and of a policy over fifo."""
    found: dict[str, dict[str, float]] = {}
    for case in dict.fromkeys(row["case"] for row in rows):
        own = [row for row in rows if row["case"] == case]
        found[case] = {
            key: mean(row[key] for row in own) for key in ("relative_l2", "solver_calls")
        }
    errors = {case: one["relative_l2"] for case, one in found.items()}
    for case, error in errors.items():
        if case.startswith("stored") and "online" in errors:
            found[case]["gain_of_online"] = 1 - errors["online"] / error
        if case in POLICIES[1:]:
            found[case]["gain_over_fifo"] = 1 - error / errors["fifo"]
    return found


def main() -> None:
    """Run all, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("online.json"))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parts = ["stored", "streamed"]
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    given = parser.parse_args()
    cases: list[tuple[str, Any, int]] = []
    if "stored" in given.parts:
        cases += [(f"stored {n}", partial(burgers, size=n), 12) for n in SIZES]
        cases += [("online", partial(burgers, size=None), 12)]
    if "streamed" in given.parts:
        cases += [(name, partial(streamed, policy=name), 24) for name in POLICIES]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in given.seeds:
            for name, make, modes in cases:
                made = run(*make(folder), modes, given.steps, seed)
                rows.append({"case": name, "seed": seed} | made)
                record = {
                    "command": " ".join(["python benchmarks/online.py", *sys.argv[1:]]).split(
                        " --out"
                    )[0],
                    "steps": given.steps,
                    "batch_size": BATCH,
                    "mean": summary(rows),
                    "rows": rows,
                    "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
                    "machine": platform.processor() or platform.machine(),
                    "threads": torch.get_num_threads(),
                }
                given.out.write_text(json.dumps(record, indent=1) + "\n")
    for name, one in summary(rows).items():
        print(f"{name:12}" + "".join(f"  {key} {value:.4g}" for key, value in one.items()))


if __name__ == "__main__":
    main()
