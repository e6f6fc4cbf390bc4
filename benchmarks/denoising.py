"""Denoising steps after an FNO of the Kuramoto-Sivashinsky equation, at equal cost.

python benchmarks/denoising.py [--epochs 10] [--seeds 1] [--folder FOLDER] [--out FILE]

The default data set of 140 training trajectories, whose time between frames is 1. Next to the FNO
and what is trained on top of it stand networks of equal cost (equal_cost.py). The time is that at
which the mean correlation of 20 rollouts with the truth falls below 0.9 and 0.8.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from equal_cost import Setting, averaged, doubled

import neurop
from neurop import Surrogate, models
from neurop.datasets import KuramotoSivashinsky
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.objectives.denoising import Denoising
from neurop.refinement import denoising, specboost

STEPS = 100
PAPER = {"largest": 4.5e-4 ** (1 / 3), "smallest": 4.5e-4}


def surrogates(setting: Setting, seed: int) -> Iterator[tuple[str, Surrogate]]:
    """Yield the networks of a seed by name, each trained when it is asked for."""
    base = setting.fit(seed)

    def denoised(**noise: Any) -> Surrogate:
        torch.manual_seed(seed + 1000)
        made = denoising(base, setting.splits, **noise)
        return setting.more(made, seed, objective=Denoising())

    yield "FNO", base
    yield "denoising, 3 steps", denoised()
    yield "twice the epochs", setting.fit(seed, longer=2)
    yield "denoising, 1 step", denoised(steps=1)
    yield "denoising, noise of the paper", denoised(**PAPER)
    torch.manual_seed(seed + 1000)
    yield "second stage (SpecBoost)", setting.more(specboost(base, setting.splits), seed)
    yield "mean of two seeds", averaged([base, setting.fit(seed + 1000)])
    yield "twice the parameters", setting.fit(seed, doubled(setting))


def measured(surrogate: Surrogate, setting: Setting) -> dict[str, Any]:
    """Return errors and times of a surrogate."""
    test = setting.splits["test"]
    found = rollout(surrogate, test, STEPS)
    times = {key: float(found[f"correlation_time_{key}"]) for key in ("0.9", "0.8")}
    sigmas = getattr(surrogate.net, "sigmas", None)
    return {
        "one_step": float(score(surrogate, test).relative_l2),
        "correlation_time": times,
        "relative_l2": [round(float(e), 6) for e in found.relative_l2],
        **({"sigmas": list(sigmas)} if sigmas else {}),
    }


def main() -> None:
    """Train all networks, print the table and write all numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=10, help="of one stage")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    today = time.strftime("%Y%m%d")
    parser.add_argument("--out", type=Path, default=Path(f"benchmarks/denoising-cpu-{today}.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    splits = KuramotoSivashinsky(storage={"folder": str(given.folder)}).splits()
    spec = models.FNO.spec(modes=32, width=given.width, depth=4)
    setting = Setting(splits, spec, given.epochs, batch_size=64, lr=4e-3)
    made: dict[str, Any] = {
        "settings": {key: getattr(given, key) for key in ("epochs", "width", "seeds")},
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": 1,
        "rows": [],
    }
    print(f"{'':32}{'seed':>5}{'one step':>10}{'to 0.9':>8}{'to 0.8':>8}{'CPU s':>8}")
    for seed in range(given.seeds):
        start = time.process_time()
        for name, surrogate in surrogates(setting, seed):
            seconds = time.process_time() - start
            found = measured(surrogate, setting)
            made["rows"].append({"name": name, "seed": seed, **found, "seconds": round(seconds, 1)})
            times = found["correlation_time"]
            print(
                f"{name:32}{seed:5d}{found['one_step']:10.5f}{times['0.9']:8.0f}"
                f"{times['0.8']:8.0f}{seconds:8.0f}",
                flush=True,
            )
            given.out.write_text(json.dumps(made, indent=1) + "\n")
            start = time.process_time()


if __name__ == "__main__":
    main()
