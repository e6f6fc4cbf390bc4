"""Run the full-size experiments for a limited time, data generation included.

python benchmarks/full_size.py [--minutes 8.5] [--out runs/full] [EXPERIMENT:MODEL ...]

Each run has the folder ``<out>/<experiment>-<model>``, and the next call continues it. When the
time ends, at most one batch of samples or one epoch is lost. Finally `make results`, and one line
with the state of each run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
# In order of priority for GPU time; START: first input frame of the rollout, as published.
RUNS = (
    *(
        "burgers:fno",
        "burgers:ffno",
        "darcy_85:fno",
        "ns_1e-3:fno",
        "ns_1e-5:ffno",
        "ns_1e-5:fno",
        "darcy_85:t1",
        "darcy_85:tfno",
    ),
    *(
        "ns_1e-4:ffno",
        "ns_1e-4:fno",
        "ns_t1:t1",
        "ns_t1:fno",
        "ns_1e-3:t1",
        "ns_1e-3:tfno",
        "swe:sfno",
        "darcy_141:fno",
    ),
)
START = {"ns_1e-3": 10, "ns_1e-4": 10, "ns_1e-5": 10}


def neurop(words: Sequence[str], until: float) -> bool:
    """Run a command of neurop until a time; return whether it succeeded before that."""
    left = until - time.monotonic()
    if left <= 0:
        return False
    print("neurop", *words, flush=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "neurop", *words], cwd=ROOT, start_new_session=True
    )
    try:
        return process.wait(left) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def advance(experiment: str, model: str, folder: Path, until: float) -> bool:
    """Generate, train and evaluate until a time; return whether all of it is done."""
    if not (folder / "train.json").is_file():
        started = (folder / "checkpoints" / "last.ckpt").is_file()
        words = (
            [f"resume={folder}"]
            if started
            else [f"experiment={experiment}", f"model={model}", f"hydra.run.dir={folder}"]
        )
        if not neurop(["train", *words], until):
            return False
    if experiment in START and not (folder / "rollout" / "rollout.json").is_file():
        return neurop(
            ["rollout", f"ckpt={folder}", f"start={START[experiment]}", "gif=false"], until
        )
    return True


def state(folder: Path) -> str:
    """Return the state of a run, in words."""
    if (folder / "train.json").is_file():
        error = json.loads((folder / "train.json").read_text())["test/relative_l2"]
        return f"trained, error {error:.4g}"
    return (
        "training"
        if (folder / "checkpoints" / "last.ckpt").is_file()
        else "not started, or generating"
    )


def main() -> None:
    """Continue the runs, in their order, until the time is over."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8.5)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "full")
    parser.add_argument("runs", nargs="*", default=RUNS, metavar="EXPERIMENT:MODEL")
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    folders = {name: given.out.resolve() / name.replace(":", "-") for name in given.runs}
    for name, folder in folders.items():
        experiment, model = name.split(":")
        if not advance(experiment, model, folder, until) and time.monotonic() >= until:
            break
    done = [str(folder) for folder in folders.values() if (folder / "train.json").is_file()]
    if done:
        subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "results.py"), *done], cwd=ROOT, check=True
        )
    for name, folder in folders.items():
        print(f"{name}: {state(folder)}")


if __name__ == "__main__":
    main()
