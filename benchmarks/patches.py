"""A network on windows with a halo and coarse views compared with one on the whole grid.

python benchmarks/patches.py [--parts NAMES] [--epochs N] [--rows NAMES] [--data DIR] [--out FILE]

`flow`: the decaying flow at a viscosity of 1e-3 on 64 points per side, a step of 0.1 time units:
advection by a velocity that is an integral over the domain. `local`: the change of its vorticity in
a step from vorticity and velocity. `darcy`: permeability to pressure on 61 points per side. All
networks of a part make the same number of steps on the same samples, whole fields in each. Next to
the errors stand the points of the grid over those of a window and its views, the memory of a
training step, and the error within 2 points of a seam over that elsewhere. `floor`: the error of
the solver itself where it knows no more than the input of a patch. `memory`: tensors and time of a
prediction and of a training step at 1024 points per side. The file is written after every network,
and keeps the rows that it has. Commas in the names of rows are semicolons.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import platform
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

import neurop
from neurop import Field, FieldSet, Grid, Surrogate, models
from neurop.datasets import Darcy, NavierStokes
from neurop.evaluation.score import score
from neurop.geometry.axis import Axis
from neurop.inference.evaluating import evaluating
from neurop.layers.patches.windows import Windows
from neurop.models.patched import Patched
from neurop.physics.solvers.darcy import solve_darcy
from neurop.registry import Spec
from neurop.spectral import resample
from neurop.tensor_memory import peak_bytes, saved_bytes
from neurop.training.callbacks.patch_by_patch import PatchByPatch
from neurop.training.callbacks.timer import peak_mb
from neurop.training.fit import ADAMW

Row = dict[str, Any]
INNER = models.FNO.spec(modes=8, width=16, depth=4)
WHOLE = models.FNO.spec(modes=16, width=16, depth=4)
FLOW: Any = {
    **{"samples": 60, "steps": 5, "interval": 0.1},
    **{"amplitude": 4.0, "forcing": {"kind": "none"}},
}
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
    splits = NavierStokes(**FLOW, storage=storage).splits()
    return {key: with_velocity(some) for key, some in splits.items()} if part == "local" else splits


def with_velocity(flow: FieldSet) -> FieldSet:
    """Return the map from vorticity and velocity to the change of the vorticity in a step."""
    frames = np.asarray(flow.values)[:, :, 0]
    k = 2 * np.pi * np.fft.fftfreq(frames.shape[-1], 1 / frames.shape[-1])
    squares = k[:, None] ** 2 + k**2
    stream = np.fft.fft2(frames) / np.where(squares > 0, squares, np.inf)
    u, v = (np.fft.ifft2(1j * each * stream).real for each in (k, -k[:, None]))
    inputs = np.stack([frames, u, v], axis=2)[:, :-1].reshape(-1, 1, 3, *frames.shape[2:])
    change = np.diff(frames, axis=1).reshape(-1, 1, 1, *frames.shape[2:])
    fields = tuple(Field(name) for name in ("vorticity", "u", "v"))
    values, targets = (array.astype(np.float32) for array in (inputs, change))
    return FieldSet(values, fields, flow.grid, targets, (Field("change"),), source="flow")


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


def floor(folder: Path) -> dict[str, dict[str, float]]:
    """Return the relative error of solvers on patches of which they know the input alone.

    Outside of the window stands what the widest view has of the field, or else its mean.
    """
    flow = NavierStokes(**FLOW, storage={"held_out": 10, "folder": str(folder)})
    vorticity, medium = (
        torch.as_tensor(np.asarray(data(part, folder)["test"].values[:, 0])).double()
        for part in ("flow", "darcy")
    )

    def advance(x: Tensor) -> Tensor:
        made = flow.advance((x - x.mean((-2, -1), keepdim=True)).numpy())
        return torch.as_tensor(made)

    def pressure(a: Tensor) -> Tensor:
        return solve_darcy(a.clamp(3.0, 12.0)[:, 0])[:, None]

    walls = Grid(tuple(Axis(name, "open", layout="ends") for name in "xy"))
    cases = {"flow": (vorticity, Grid.periodic(2), advance), "darcy": (medium, walls, pressure)}
    return {
        part: {
            f"{4**levels} patches, halo 4{', context' * view}": from_patches(
                x, Windows(grid, (levels, levels), 4 / 64), solve, view
            )
            for levels in (1, 2)
            for view in (False, True)
        }
        for part, (x, grid, solve) in cases.items()
    }


def from_patches(
    x: Tensor, windows: Windows, solve: Callable[[Tensor], Tensor], view: bool
) -> float:
    """Return the relative error of a solver on patches, with a mean or a view outside of them."""
    shape, truth, parts = tuple(x.shape[2:]), solve(x), []
    band = tuple(-(-n // 2 ** windows.levels[0]) for n in shape)
    blurred = resample(x, windows.domain, shape, band=band)
    outside = blurred if view else x.mean((-2, -1), keepdim=True).expand_as(x)
    for patch in windows.patches:
        inside = torch.zeros(shape, dtype=torch.bool)
        each = zip(windows.axes, patch, shape, strict=True)
        inside[np.ix_(*(axis.points(j, n) for axis, j, n in each))] = True
        solved = solve(torch.where(inside, x, outside))
        parts.append(windows.own(windows.cut(solved, patch), patch, shape))
    error = windows.stitch(parts) - truth
    return round(float((error.norm(dim=(-2, -1)) / truth.norm(dim=(-2, -1))).mean()), 5)


def process_mb(call: Callable[[], None]) -> float:
    """Return by how much the memory of a process grows at most in a call, in a copy of this one."""
    context = multiprocessing.get_context("fork")
    found = context.SimpleQueue()

    def measure() -> None:
        before = peak_mb(torch.device("cpu")) or 0.0
        call()
        found.put((peak_mb(torch.device("cpu")) or 0.0) - before)

    child = context.Process(target=measure)
    child.start()
    child.join()
    return round(float(found.get()), 1)


def large(points: int = 1024) -> dict[str, dict[str, Row]]:
    """Return memory and time of a prediction and of a training step on a large grid."""
    x, calls = torch.rand(1, 1, points, points), {}
    for name, spec in {
        "whole grid": WHOLE,
        "4 patches": patched(4 / 64),
        "16 patches": patched(4 / 64, levels=2),
    }.items():
        torch.manual_seed(0)
        net = models.create(spec, 1, 1, Grid.periodic(2))
        if isinstance(net, Patched):
            net.share = 1.0

        def predict(net: torch.nn.Module = net) -> None:
            with torch.no_grad():
                net(x)

        def step(net: torch.nn.Module = net) -> None:
            torch.autograd.grad(net(x).square().mean(), list(net.parameters()))

        calls[name] = {"prediction": predict, "training step": step}
    # Processes first: a copy has at least the largest memory that this one has had.
    made: dict[str, dict[str, Row]] = {
        name: {what: {"process_mb": process_mb(call)} for what, call in both.items()}
        for name, both in calls.items()
    }
    for name, both in calls.items():
        for what, call in both.items():
            call()  # constants are computed once
            start = time.process_time()
            most = peak_bytes(call)
            seconds = round(time.process_time() - start, 2)
            made[name][what] |= {"peak_mb": round((most or 0) / 1e6, 1), "cpu_seconds": seconds}
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
        if part in ("memory", "floor"):
            made[part] = large() if part == "memory" else floor(given.data)
            print(part, made[part], flush=True)
            given.out.write_text(json.dumps(made, indent=1) + "\n")
            continue
        splits = data(part, given.data)
        found = made.setdefault(part, {"train": len(splits["train"])})
        for name in (each.replace(";", ",") for each in given.rows.split(",")):
            start = time.process_time()
            surrogate = trained(splits, ROWS[name], name, given.epochs)
            costs = time.process_time() - start
            found[name] = {"epochs": given.epochs, **row(surrogate, splits, costs)}
            print(part, name, found[name], flush=True)
            given.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
