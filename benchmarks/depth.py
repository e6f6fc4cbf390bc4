r"""Implicit and ordinary FNO against their depth, and depth continuation, on few Darcy pairs.

python benchmarks/depth.py [--depths 4 8 16 32] [--epochs 60] [--resolution 43] [--out FILE]

200 pairs of `data=darcy`, width 16, 8 modes, the same epochs and learning rate. Continuation
trains the smallest depth for the first half of the epochs, then each next depth from the weights of
the last for an equal share of the other half, each with a schedule of its own; its cost is counted
in applications of the layer to a sample. The error is that of the best epoch of the validation set.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

import neurop
from neurop.datasets import Darcy
from neurop.registry import Spec

PAIRS, HELD_OUT, BATCH = 200, 50, 10
SIZE = {"width": 16, "modes": 8, "padding": 0.1}
Splits = dict[str, neurop.FieldSet]


def trained(model: Spec | neurop.Surrogate, data: Splits, epochs: int, seed: int) -> Any:
    """Return a trained surrogate, and its record."""
    began = time.perf_counter()
    adamw = partial(torch.optim.AdamW, lr=2e-3, weight_decay=1e-5)
    made = neurop.fit(model, data, epochs=epochs, batch_size=BATCH, optimizer=adamw, seed=seed)
    record = {
        "model": made.name,
        "depth": made.card.model.arguments["depth"],
        "epochs": epochs,
        "parameters": sum(p.numel() for p in made.parameters()),
        "error": error(made, data["test"]),
        "train_error": error(made, data["train"]),
        "seconds": round(time.perf_counter() - began, 1),
    }
    print(json.dumps(record), file=sys.stderr, flush=True)
    return made, record


def error(surrogate: neurop.Surrogate, data: neurop.FieldSet) -> float:
    """Return the mean relative L2 error on a set of maps."""
    x, y = (torch.from_numpy(np.asarray(a[:, 0])) for a in (data.values, data.targets))
    with torch.no_grad():
        wrong = torch.cat([surrogate(part) for part in x.split(20)]) - y
    return float((wrong.flatten(1).norm(dim=1) / y.flatten(1).norm(dim=1)).mean())


def deeper(surrogate: neurop.Surrogate, data: Splits, depth: int) -> neurop.Surrogate:
    """Return a surrogate of another depth with the same weights."""
    made = neurop.Surrogate.of(data["train"], neurop.models.IFNO.spec(depth=depth, **SIZE))
    made.load_state_dict(surrogate.state_dict())
    return made


def continuation(data: Splits, depths: list[int], epochs: int, seed: int) -> dict[str, Any]:
    """Return the records of the stages, and their cost compared with the largest depth alone."""
    share = max(epochs // 2 // max(len(depths) - 1, 1), 1)
    model: Spec | neurop.Surrogate = neurop.models.IFNO.spec(depth=depths[0], **SIZE)
    stages = []
    for i, depth in enumerate(depths):
        if isinstance(model, neurop.Surrogate):
            model = deeper(model, data, depth)
        model, record = trained(model, data, share if i else epochs - epochs // 2, seed)
        stages.append(record)
    cost = sum(stage["depth"] * stage["epochs"] for stage in stages) / (depths[-1] * epochs)
    return {"stages": stages, "applications_relative_to_the_largest_depth": cost}


def draw(made: dict[str, Any]) -> Figure:
    """Draw test and training errors over the depth."""
    figure = Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, color in (("ifno", "C0"), ("fno", "C1")):
        rows = [row for row in made["rows"] if row["model"] == name]
        depths = [row["depth"] for row in rows]
        axes.loglog(
            depths, [row["error"] for row in rows], "o-", color=color, label=f"{name}, test"
        )
        train = [row["train_error"] for row in rows]
        axes.loglog(depths, train, "o:", color=color, label=f"{name}, training")
    last = made["continuation"]["stages"][-1]
    axes.loglog(last["depth"], last["error"], "k*", label="ifno, continued, test")
    axes.set_xticks(depths, [str(depth) for depth in depths])
    axes.minorticks_off()
    axes.set(xlabel="depth", ylabel="relative L2 error")
    axes.legend(frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Train and test all, print and write the record and its figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depths", type=int, nargs="+", default=[4, 8, 16, 32])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--resolution", type=int, default=43)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("depth.json"))
    given = parser.parse_args()
    stored = {"held_out": HELD_OUT}
    data = Darcy(samples=PAIRS + 2 * HELD_OUT, resolution=given.resolution, storage=stored).splits()
    specs = [
        kind.spec(depth=depth, **SIZE)
        for depth in given.depths
        for kind in (neurop.models.IFNO, neurop.models.FNO)
    ]
    made = {
        "command": " ".join(["python benchmarks/depth.py", *sys.argv[1:]]),
        "continuation": continuation(data, given.depths, given.epochs, given.seed),
        "rows": [trained(spec, data, given.epochs, given.seed)[1] for spec in specs],
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "on": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    given.out.write_text(json.dumps(made, indent=1) + "\n")
    draw(made).savefig(given.out.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
