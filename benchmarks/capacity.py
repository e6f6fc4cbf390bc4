r"""Error of an FNO against its number of parameters, and psi-FNO on finer grids.

python benchmarks/capacity.py [--pairs 1000 2000] [--epochs 40] [--seeds 0] [--out FILE]

Five sizes on `data=darcy_periodic` with the first number of pairs, and the two largest with the
others, which shows where the data limit the error. Every training has the steps of `epochs` passes
over the first number of pairs, so that more data do not mean more steps. The best epoch is that of
the validation set. The truncation floor is the error of the test targets without the frequencies
that the convolutions of a size lack; an FNO is not held to it, as its non-linearities make higher
ones. The exponent beta of error ~ parameters^-beta has the interval of the bootstrap over test
samples; it knows nothing of other seeds.

Then a psi-FNO and an FNO, trained at 17 points per side, on the test set at 17, 33, 65 and 129: the
error, and the distance to the trigonometric interpolant of the output at 17.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

import neurop
from neurop.datasets import DarcyPeriodic
from neurop.registry import Spec
from neurop.spectral import resample_axes

SIZES = ((4, 3), (8, 5), (12, 8), (20, 10), (32, 12))
HELD_OUT, BATCH = 100, 10
COARSE, FINER = 17, (17, 33, 65, 129)
Splits = dict[str, neurop.FieldSet]


def on_grid(data: neurop.FieldSet, n: int) -> neurop.FieldSet:
    """Return a set resampled to n points per side by its Fourier modes."""
    assert data.targets is not None
    values, targets = (
        resample_axes(torch.from_numpy(np.asarray(a)).double(), data.grid, (n, n)).float().numpy()
        for a in (data.values, data.targets)
    )
    return replace(data, values=values, targets=targets)


def trained(spec: Spec, data: Splits, epochs: int, seed: int) -> tuple[neurop.Surrogate, float]:
    """Return a trained surrogate and the seconds that it took."""
    torch.manual_seed(seed)
    began = time.perf_counter()
    adamw = partial(torch.optim.AdamW, lr=3e-3, weight_decay=1e-5)
    made = neurop.fit(spec, data, epochs=epochs, batch_size=BATCH, optimizer=adamw, seed=seed)
    return made, time.perf_counter() - began


def outputs(surrogate: neurop.Surrogate, data: neurop.FieldSet) -> torch.Tensor:
    """Return the predictions on a set of maps, ``(sample, 1, x, y)``."""
    with torch.no_grad():
        return surrogate(torch.from_numpy(np.asarray(data.values[:, 0]))).double()


def relative(y: torch.Tensor, truth: torch.Tensor) -> np.ndarray:
    """Return the relative L2 error of each sample."""
    return ((y - truth).flatten(1).norm(dim=1) / truth.flatten(1).norm(dim=1)).numpy()


def errors(surrogate: neurop.Surrogate, data: neurop.FieldSet) -> np.ndarray:
    """Return the relative L2 error of each sample of a set."""
    return relative(
        outputs(surrogate, data), torch.from_numpy(np.asarray(data.targets[:, 0])).double()
    )


def floor(data: neurop.FieldSet, modes: int) -> float:
    """Return the mean error of the targets without the frequencies of `modes` and above."""
    truth = torch.from_numpy(np.asarray(data.targets[:, 0])).double()
    band = (2 * modes - 1,) * 2
    return float(relative(resample_axes(truth, data.grid, truth.shape[2:], band), truth).mean())


def exponent(parameters: list[int], samples: np.ndarray) -> dict[str, Any]:
    """Return beta of error ~ parameters^-beta with its 95 % interval, errors ``(size, sample)``."""

    def slope(chosen: np.ndarray) -> float:
        return -float(np.polyfit(np.log(parameters), np.log(samples[:, chosen].mean(1)), 1)[0])

    rng, count = np.random.default_rng(0), samples.shape[1]
    drawn = [slope(rng.integers(0, count, count)) for _ in range(1000)]
    interval = [float(x) for x in np.quantile(drawn, [0.025, 0.975])]
    return {"beta": slope(np.arange(count)), "interval": interval}


def capacity(data: Splits, pairs: list[int], epochs: int, seeds: list[int]) -> dict[str, Any]:
    """Return errors, parameters and floors of all sizes, and the exponent."""
    rows: list[dict[str, Any]] = []
    samples: list[np.ndarray] = []
    fit: dict[str, Any] = {}
    for count in pairs:
        part = data | {"train": data["train"].samples(slice(0, count))}
        for width, modes in SIZES if count == pairs[0] else SIZES[-2:]:
            spec = neurop.models.FNO.spec(width=width, modes=modes, depth=4)
            each = []
            for seed in seeds:
                model, seconds = trained(spec, part, max(epochs * pairs[0] // count, 1), seed)
                each.append(errors(model, data["test"]))
            size = sum(p.numel() for p in model.parameters())
            row = {
                "pairs": count,
                "width": width,
                "modes": modes,
                "parameters": size,
                "error": float(np.mean(each)),
                "errors_of_seeds": [float(one.mean()) for one in each],
                "train_error": float(errors(model, part["train"].samples(slice(0, 200))).mean()),
                "floor": floor(data["test"], modes),
                "seconds": round(seconds, 1),
            }
            print(json.dumps(row), file=sys.stderr, flush=True)
            rows.append(row)
            samples.append(np.mean(each, 0))
        fit = fit or exponent([row["parameters"] for row in rows], np.array(samples))
        print(json.dumps(fit), file=sys.stderr, flush=True)
    return {"rows": rows, "exponent": fit}


def resolution(data: Splits, epochs: int, seed: int) -> list[dict[str, Any]]:
    """Return error and distance to the interpolant on finer grids, of a psi-FNO and an FNO."""
    at = {split: on_grid(data[split].samples(slice(0, 1000)), COARSE) for split in data}
    rows = []
    size = {"width": 12, "modes": (COARSE + 1) // 2, "depth": 4}
    for spec in (neurop.models.PsiFNO.spec(points=COARSE, **size), neurop.models.FNO.spec(**size)):
        model, _ = trained(spec, at, epochs, seed)
        coarse = outputs(model, at["test"])
        for n in FINER:
            test = on_grid(data["test"], n)
            interpolant = resample_axes(coarse, test.grid, (n, n))
            row = {
                "model": spec.name,
                "points": n,
                "error": float(errors(model, test).mean()),
                "error_of_interpolant": float(
                    relative(interpolant, torch.from_numpy(test.targets[:, 0]).double()).mean()
                ),
                "from_interpolant": float(relative(outputs(model, test), interpolant).mean()),
            }
            print(json.dumps(row), file=sys.stderr, flush=True)
            rows.append(row)
    return rows


def draw(made: dict[str, Any]) -> Figure:
    """Draw errors over parameters with the floors, and the distance to the interpolant."""
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    every: list[dict[str, Any]] = made["capacity"]["rows"]
    for count in sorted({row["pairs"] for row in every}):
        rows = [row for row in every if row["pairs"] == count]
        label = f"{count} pairs"
        left.loglog(*zip(*((r["parameters"], r["error"]) for r in rows)), "o-", label=label)
    floors = [(row["parameters"], row["floor"]) for row in every[: len(SIZES)]]
    left.loglog(*zip(*floors), "k:", label="truncation at the modes of the size")
    left.set(xlabel="parameters", ylabel="relative L2 error")
    left.legend(frameon=False, fontsize=8)
    for name, style in (("psi_fno", "o-"), ("fno", "s-")):
        rows = [row for row in made["resolution"] if row["model"] == name]
        right.loglog(*zip(*((r["points"], r["from_interpolant"]) for r in rows)), style, label=name)
    right.set_xticks(FINER, [str(n) for n in FINER], minor=False)
    right.minorticks_off()
    right.set(xlabel="points per side (trained at 17)", ylabel="distance to the interpolant")
    right.legend(frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Train and test all, print and write the record and its figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, nargs="+", default=[1000, 2000])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, default=Path("capacity.json"))
    given = parser.parse_args()
    samples = max(given.pairs) + 2 * HELD_OUT
    data = DarcyPeriodic(samples=samples, storage={"held_out": HELD_OUT}).splits()
    made = {
        "command": " ".join(["python benchmarks/capacity.py", *sys.argv[1:]]),
        "steps": given.epochs * given.pairs[0] // BATCH,
        "resolution": resolution(data, given.epochs, given.seeds[0]),
        "capacity": capacity(data, given.pairs, given.epochs, given.seeds),
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "on": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    given.out.write_text(json.dumps(made, indent=1) + "\n")
    draw(made).savefig(given.out.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
