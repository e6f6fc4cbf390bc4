"""A network on windows with a halo and coarse views compared with one on the whole grid.

python benchmarks/patches.py [--parts flow,darcy,memory] [--epochs N] [--rows NAMES] [--out FILE]

`flow`: the decaying flow at a viscosity of 1e-3 on 64 points per side, a step of 0.1 time units, a
map that is local but for the velocity. `darcy`: permeability to pressure on 61 points per side, a
map that is not. All networks of a part make the same number of steps on the same samples, whole
fields in each. Next to the errors stand the points of a window and its views compared with those of
the grid, the memory of a training step, and the error within 2 points of a seam compared with that
elsewhere. `memory`: tensors and time of a prediction and of a training step at 1024 points per
side. The file is written after every network, and keeps the rows that it has.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

import neurop
from neurop import FieldSet, Grid, Surrogate, models
from neurop.datasets import Darcy, NavierStokes
from neurop.evaluation.score import score
from neurop.inference.evaluating import evaluating
from neurop.models.patched import Patched
from neurop.registry import Spec
from neurop.tensor_memory import peak_bytes, saved_bytes
from neurop.training.callbacks.patch_by_patch import PatchByPatch
from neurop.training.fit import ADAMW

Row = dict[str, Any]
INNER = models.FNO.spec(modes=8, width=16, depth=4)
WHOLE = models.FNO.spec(modes=16, width=16, depth=4)
STRIP = 2
"""Points next to a seam that count as the seam."""


def patched(halo: float, levels: int = 1, context: int | None = None, **inner: Any) -> Spec:
    """Return windows with the small network, some of whose arguments are others."""
    network = Spec(INNER.name, INNER.arguments | inner)
    return models.Patched.spec(network=network, levels=levels, halo=halo, context=context)


ROWS = {
    "whole grid": WHOLE,
    "whole grid, 8 modes": INNER,
    "halo 4, context": patched(4 / 64),
    "halo 4, context, 12 modes": patched(4 / 64, modes=12),
    "halo 4, context, a quarter": patched(4 / 64, modes=12),
    "halo 4": patched(4 / 64, context=0),
    "halo 4, 12 modes": patched(4 / 64, context=0, modes=12),
    "halo 0, context, 12 modes": patched(0.0, modes=12),
    "halo 2, context, 12 modes": patched(2 / 64, modes=12),
    "halo 8, context, 12 modes": patched(8 / 64, modes=12),
    "16 patches, halo 4, context": patched(4 / 64, levels=2),
    "16 patches, halo 4": patched(4 / 64, levels=2, context=0),
}
QUARTER = "halo 4, context, a quarter"


def data(part: str, folder: Path) -> Mapping[str, FieldSet]:
    """Return the splits of a part."""
    storage = {"held_out": 10, "folder": str(folder)}
    if part == "darcy":
        return Darcy(samples=220, resolution=61, storage=storage).splits()
    calm = {"amplitude": 4.0, "forcing": {"kind": "none"}}
    flow = NavierStokes(samples=60, steps=5, interval=0.1, **calm, storage=storage)
    return flow.splits()


def trained(splits: Mapping[str, FieldSet], spec: Spec, name: str, epochs: int) -> Surrogate:
    """Return a surrogate after so many epochs, of 20 steps each."""
    lightning.seed_everything(0, verbose=False)
    surrogate = Surrogate.of(splits["train"], spec)
    return neurop.fit(
        surrogate,
        {key: splits[key] for key in ("train", "val")},
        epochs=epochs,
        batch_size=10,
        optimizer=partial(ADAMW, lr=3e-3),
        callbacks=[PatchByPatch(0.25)] if name == QUARTER else [],
        seed=0,
    )


def by_distance(surrogate: Surrogate, test: FieldSet, levels: int) -> tuple[float, float]:
    """Return the rms error within two points of the seams of so many halvings, and elsewhere."""
    pairs = surrogate.card.problem.examples(test)
    near = np.zeros(test.shape, bool)
    for axis, n in enumerate(test.shape):
        starts = [j * n // 2**levels for j in range(0 if axis_wraps(test, axis) else 1, 2**levels)]
        for start in starts:
            strip = np.arange(start - STRIP, start + STRIP) % n
            near[tuple(strip if i == axis else slice(None) for i in range(near.ndim))] = True
    squares = np.zeros(test.shape)
    with evaluating(surrogate):
        for i in range(len(pairs)):
            x, y = (torch.as_tensor(np.asarray(pairs[i][key]))[None] for key in ("input", "target"))
            error = surrogate(x.flatten(1, 2).float()) - y[:, 0].float()
            squares += error[0].square().sum(0).numpy()
    return math.sqrt(squares[near].mean()), math.sqrt(squares[~near].mean())


def axis_wraps(test: FieldSet, axis: int) -> bool:
    """Return whether an axis is periodic, so that its first point is at a seam too."""
    return test.grid.axes[axis].boundary == "periodic"


def step_memory(net: torch.nn.Module, x: Tensor) -> Row:
    """Return the bytes of a training step per sample: kept for the gradient, and the most."""
    weights = list(net.parameters())

    def step() -> None:
        torch.autograd.grad(net(x).square().mean(), weights)

    step()
    found = {"saved_mb": saved_bytes(lambda: net(x), weights), "peak_mb": peak_bytes(step) or 0}
    return {name: round(size / len(x) / 1e6, 3) for name, size in found.items()}


def row(surrogate: Surrogate, splits: Mapping[str, FieldSet], seconds: float) -> Row:
    """Return errors and costs of a trained surrogate."""
    test, net, shape = splits["test"], surrogate.net, splits["test"].shape
    made: Row = {
        "relative_l2": round(float(score(surrogate, test).relative_l2), 6),
        "parameters": sum(weight.numel() for weight in net.parameters()),
        "seconds": round(seconds, 1),
    }
    x = torch.rand(4, surrogate.card.in_channels, *shape)
    net.train()
    levels = 1
    if isinstance(net, Patched):
        axes, levels = net.windows.axes, max(net.windows.levels)
        points = math.prod(axis.size(n) for axis, n in zip(axes, shape)) * (1 + net.context)
        made["compression"] = round(math.prod(shape) / points, 3)
        net.share = None
        made["step, all windows at once"] = step_memory(net, x)
        net.share = 1.0
        made["step, window by window"] = step_memory(net, x)
    else:
        made["step"] = step_memory(net, x)
    net.eval()
    seam, other = by_distance(surrogate, test, levels)
    return made | {"seam_ratio": round(seam / other, 3)}


def large(points: int = 1024) -> dict[str, Row]:
    """Return memory and time of a prediction and of a training step on a large grid."""
    made = {}
    x = torch.rand(1, 1, points, points)
    for name, spec in {
        "whole grid": WHOLE,
        "4 patches": patched(4 / 64),
        "16 patches": patched(4 / 64, levels=2),
        "64 patches, halo 1/64": patched(1 / 64, levels=3),
    }.items():
        torch.manual_seed(0)
        net = models.create(spec, 1, 1, Grid.periodic(2)).eval()
        weights = list(net.parameters())

        @torch.no_grad()
        def predict(net: torch.nn.Module = net) -> None:
            net(x)

        def step(net: torch.nn.Module = net, weights: Sequence[Tensor] = weights) -> None:
            torch.autograd.grad(net(x).square().mean(), weights)

        found: Row = {}
        for what, call in (("prediction", predict), ("training step", step)):
            net.train(what != "prediction")
            if isinstance(net, Patched):
                net.share = 1.0
            call()  # constants are computed once
            start = time.process_time()
            most = peak_bytes(call)
            seconds = time.process_time() - start
            found[what] = {"peak_mb": round((most or 0) / 1e6, 1), "cpu_seconds": round(seconds, 2)}
        made[name] = found
        print(name, found, flush=True)
    return made


def main() -> None:
    """Train the networks, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default="flow,darcy,memory")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rows", default=",".join(name.replace(",", ";") for name in ROWS))
    parser.add_argument("--data", type=Path, default=Path("runs/patches"))
    parser.add_argument("--out", type=Path, default=Path("patches.json"))
    given = parser.parse_args()
    made: dict[str, Any] = json.loads(given.out.read_text()) if given.out.is_file() else {}
    commands = made.setdefault("commands", [])
    commands.append(" ".join(["python benchmarks/patches.py", *sys.argv[1:]]))
    made |= {
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    for part in given.parts.split(","):
        if part == "memory":
            made[part] = large()
            given.out.write_text(json.dumps(made, indent=1) + "\n")
            continue
        splits = data(part, given.data)
        found = made.setdefault(part, {"epochs": given.epochs, "train": len(splits["train"])})
        for name in (each.replace(";", ",") for each in given.rows.split(",")):
            start = time.process_time()
            surrogate = trained(splits, ROWS[name], name, given.epochs)
            found[name] = row(surrogate, splits, time.process_time() - start)
            print(part, name, found[name], flush=True)
            given.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
