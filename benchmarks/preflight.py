"""The time and memory that `neurop train` announces, compared with those that it then takes.

python benchmarks/preflight.py [--models fno unet ...] [--runs FOLDER] [--steps 40]

Trains every model for some steps, with two sizes of the batch, and a lazily read file, and writes
preflight-cpu-<date>.json: announced and measured milliseconds per step of the larger batch,
megabytes of the process, and megabytes that the larger batch needs more than the smaller one, which
leaves out what the process needs before the training. Models of the same day are added to the file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

POINTS, BATCHES = 64, (8, 32)
MODELS = (
    *("fno", "tfno", "ffno", "t1", "t1_plus", "sfno", "unet", "cnextunet", "local_fno"),
    *("afno", "gfno", "ifno", "iufno", "mono", "patched", "psi_fno", "stable_fno"),
)
LAZY = "fno, lazily read"
TIME = re.compile(r"time about ([\d.e+]+) ms per step")
MEMORY = re.compile(r"memory about .* ([\d.e+]+) MB for the process")


def write_data(folder: Path) -> None:
    """Write a planar and a spherical set of correlated noise, in chunks of eight frames."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, shape in (("plane", (POINTS, POINTS)), ("sphere", (POINTS + 1, 2 * POINTS))):
        values = rng.normal(size=(24, 17, *shape)).cumsum(1).astype(np.float32)
        with h5py.File(folder / f"{name}.h5", "w") as file:
            data = file.create_dataset("u", data=values, chunks=(1, 8, *shape), compression="gzip")
            data.dims[0].label = "sample"
            if name == "sphere":
                file["lat"] = np.linspace(90, -90, shape[0])
                file["lon"] = np.arange(shape[1]) * 360 / shape[1]


def trained(folder: Path, words: list[str]) -> dict[str, float]:
    """Return what a training announces and takes."""
    command = [sys.executable, "-m", "neurop", "train", *words, f"hydra.run.dir={folder}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    announced, memory, record = (
        TIME.search(said),
        MEMORY.search(said),
        json.loads((folder / "train.json").read_text()),
    )
    assert announced
    assert memory
    per_step = 1e3 * record["train_seconds"] / record["steps"]
    return {
        "announced_ms": float(announced[1]),
        "measured_ms": round(per_step, 2),
        "announced_mb": float(memory[1]),
        "peak_mb": record["peak_mb"],
    }


def compared(name: str, words: list[str], runs: Path, steps: int) -> dict[str, Any]:
    """Return announced and measured costs of a model with both sizes of the batch."""
    small, large = (
        trained(
            runs / f"{name}-{batch}",
            [*words, f"loader.batch_size={batch}", f"trainer.max_steps={steps}"],
        )
        for batch in BATCHES
    )
    announced = large["announced_mb"] - small["announced_mb"]
    measured = large["peak_mb"] - small["peak_mb"]
    return {
        "step_ms": [large["announced_ms"], large["measured_ms"]],
        "step_ratio": round(large["announced_ms"] / large["measured_ms"], 3),
        "process_mb": [large["announced_mb"], large["peak_mb"]],
        "process_ratio": round(large["announced_mb"] / large["peak_mb"], 3),
        "larger_batch_mb": [round(announced, 1), round(measured, 1)],
        "larger_batch_ratio": round(announced / measured, 3),
    }


def main() -> None:
    """Compare announced and measured costs of every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/preflight"))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--models", nargs="+", choices=[*MODELS, LAZY], default=[*MODELS, LAZY])
    options = parser.parse_args()
    write_data(options.runs / "data")
    common = ["data=file", "~recommended", "trainer.accelerator=cpu"]
    plane = [f"data.path={options.runs}/data/plane.h5", "data.axes=[sample,time,x,y]"]
    sphere = [f"data.path={options.runs}/data/sphere.h5", "data.axes=[sample,time,lat,lon]"]
    sphere += ["data.input=u"]
    plane += ["data.boundary=periodic"]
    date = datetime.date.today().strftime("%Y%m%d")
    path = Path(__file__).parent / f"preflight-cpu-{date}.json"
    found = json.loads(path.read_text())["models"] if path.is_file() else {}
    for name in options.models:
        words = [*common, *(sphere if name == "sfno" else plane), f"model={name}"]
        if name == LAZY:
            words = [*common, *plane, "data.storage.lazy=true", "model=fno", "model.width=8"]
        found[name] = compared("lazy" if name == LAZY else name, words, options.runs, options.steps)
        print(name, found[name], flush=True)
    result = {
        "command": "python benchmarks/preflight.py",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "steps": options.steps,
        "batches": BATCHES,
        "models": found,
    }
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
