"""AFNO: cost against the number of tokens, forecasts of ERA5, and a step at a quarter of a degree.

python benchmarks/afno.py [--parts forecasts globe scaling] [--epochs N] [--out FILE]

`scaling`: processor time of the filter of AFNO and of self-attention of the same width on 512 to
8192 tokens, in turn. `forecasts`: sea level pressure of one winter, AFNO and an FNO of about as
many parameters, trained in as many steps; errors by lead time next to persistence and climatology,
and ensembles from perturbed states, white noise and lagged starts. `globe`: steps of 20 fields on
721 x 1440 points with random weights, which have the cost of trained ones. One thread.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

import neurop
from neurop import FieldSet, Grid, Surrogate, Times, models
from neurop.datasets import ERA5
from neurop.evaluation import Lagged, Perturbation, WhiteNoise, ensemble
from neurop.evaluation.batches import check_compatible
from neurop.evaluation.weather import weather
from neurop.fields.standardize import Standardize
from neurop.geometry.axis import Axis
from neurop.layers.tokens.mode_mlp import ModeMLP
from neurop.registry import Spec

Keep = Callable[[dict[str, Any]], None]
WIDTH, CUTOFF = 64, (8, 16)
GRIDS = ((16, 32), (32, 32), (32, 64), (64, 64), (64, 128))
AFNO = models.AFNO.spec(modes=[9, 18], tokens=[18, 36], patch=4, width=32, depth=4, blocks=4)
LEADS, STARTS, STEPS = (1, 2, 4, 8, 12), 6, 20
MEMBERS = 6
GLOBES = {
    "width 128, depth 4": ({"width": 128, "depth": 4, "blocks": 8}, 28),
    "width 768, depth 12": ({"width": 768, "depth": 12, "blocks": 8}, 1),
}


class Attention(nn.Module):
    """Self-attention of four heads over all tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed tokens."""
        parts = self.enter(x.flatten(1, 2)).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        y = scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        made: Tensor = self.leave(y)
        return made


@torch.inference_mode()
def scaling(keep: Keep, rounds: int = 4) -> dict[str, Any]:
    """Return median milliseconds of processor time, and the slopes in log-log."""
    axes = [Axis(name, layout="cells") for name in "xy"]
    attention = Attention()
    seconds: dict[str, list[list[float]]] = {}
    for _ in range(rounds + 1):  # the first warms up
        for i, (n1, n2) in enumerate(GRIDS):
            x = torch.randn(1, n1, n2, WIDTH)
            layers: dict[str, nn.Module] = {
                "AFNO, cutoff 8 x 16": ModeMLP(WIDTH, 8, CUTOFF, axes),
                "AFNO, all modes": ModeMLP(WIDTH, 8, (n1 // 2, n2 // 2), axes),
                "attention": attention,
            }
            for name, layer in layers.items():
                began = time.process_time()
                layer(x)
                each = seconds.setdefault(name, [[] for _ in GRIDS])
                each[i].append(1e3 * (time.process_time() - began))
    tokens = [n1 * n2 for n1, n2 in GRIDS]
    medians = {name: [float(np.median(t[1:])) for t in each] for name, each in seconds.items()}
    slopes = {n: float(np.polyfit(np.log(tokens), np.log(t), 1)[0]) for n, t in medians.items()}
    last = {n: float(np.log2(t[-1] / t[-3]) / 2) for n, t in medians.items()}
    return {"tokens": tokens, "ms": medians, "slope": slopes, "slope_of_last_three": last}


def fno_like(train: FieldSet, count: int) -> Spec:
    """Return an FNO of 8 x 8 modes, whose width gives about as many parameters."""

    def of(width: int) -> Spec:
        return models.FNO.spec(modes=[8, 8], width=width, depth=4)

    def far(width: int) -> int:
        return abs(Surrogate.of(train, of(width)).parameters_count() - count)

    return of(min(range(4, 24), key=far))


def windows(test: FieldSet) -> FieldSet:
    """Return trajectories from several starts; those before them are for lagged members."""
    early = MEMBERS - 1
    values = np.asarray(test.values)[0]
    length = early + history() + STEPS
    first = np.linspace(0, len(values) - length, STARTS).astype(int)
    times = Times(6.0 * np.arange(length), "h")
    return FieldSet(
        np.stack([values[i : i + length] for i in first]), test.fields, test.grid, times=times
    )


def history() -> int:
    """Return the number of input frames."""
    return ERA5.problem.history


def forecasts(epochs: int, keep: Keep) -> dict[str, Any]:
    """Return scores of the forecasts and ensembles, and keep them as they come."""
    splits = ERA5().splits()
    train, test = splits["train"], splits["test"]
    made: dict[str, Any] = {"leads_h": [6 * lead for lead in LEADS], "epochs": epochs}
    count = Surrogate.of(train, AFNO, ERA5.problem).parameters_count()
    for spec in (AFNO, fno_like(train, count)):
        torch.manual_seed(0)
        model = Surrogate.of(train, spec, ERA5.problem, normalizer=Standardize(pointwise=True))
        began = time.process_time()
        adamw = partial(torch.optim.AdamW, lr=2e-3, weight_decay=1e-5)
        found = neurop.fit(
            model,
            {name: splits[name] for name in ("train", "val")},
            epochs=epochs,
            batch_size=4,
            optimizer=adamw,
        )
        seconds = time.process_time() - began
        scores = weather(found, test, train, LEADS)
        made[spec.name] = {
            "arguments": spec.arguments,
            "parameters": found.parameters_count(),
            "training_cpu_s": round(seconds, 1),
            "rmse": numbers(scores.rmse),
            "acc": numbers(scores.acc),
        }
        made |= {
            name: numbers(scores[name])
            for name in ("persistence_rmse", "persistence_acc", "climatology_rmse")
        }
        if spec is AFNO:
            made["ensembles"] = ensembles(found, train, windows(test))
        keep(made)
    return made


def ensembles(surrogate: Surrogate, train: FieldSet, data: FieldSet) -> dict[str, Any]:
    """Return scores of ensembles of AFNO, and of its single forecast from the same starts."""
    start = MEMBERS - 1
    known = check_compatible(surrogate, data)
    ways: dict[str, Any] = {
        "perturbed states, 0.1": Perturbation(train, 0.1, MEMBERS),
        "white noise, 0.3": WhiteNoise(train, 0.3, MEMBERS),
        "lagged": Lagged(surrogate, known, MEMBERS),
        # The same forecast twice: its error, and a spread of 0.
        "deterministic": Perturbation(train, 1e-12, 2),
    }
    found = {}
    for name, way in ways.items():
        scores = ensemble([surrogate], data, STEPS, start, way)
        kept = scores.isel(field=0).sel(step=list(LEADS))
        keys = ("rmse", "crps", "spread", "spread_over_error", "mae")
        found[name] = {key: numbers(kept[key]) for key in keys}
        print(name, json.dumps(found[name]), flush=True)
    return found


def numbers(values: Any) -> list[float]:
    """Return values of four digits."""
    return [float(f"{v:.4g}") for v in np.asarray(values).ravel()]


def peak_mb() -> int:
    """Return the peak of the resident memory of this process, not of the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)


def globe(name: str) -> dict[str, Any]:
    """Return seconds per step and the peak memory of this process."""
    arguments, steps = GLOBES[name]
    before = peak_mb()
    domain = Grid.latlon()
    with torch.inference_mode():
        model = models.AFNO(
            20, 20, domain, modes=(45, 90), tokens=(90, 180), patch=8, **arguments
        )  # fmt: skip
        state, seconds = torch.randn(1, 20, 721, 1440), []
        for _ in range(steps):
            began = time.process_time()
            state = state + 0.1 * model(state)
            seconds.append(time.process_time() - began)
    assert bool(state.isfinite().all())
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": steps,
        "cpu_s_per_step": float(f"{np.median(seconds):.3g}"),
        "cpu_s": round(sum(seconds), 1),
        "peak_mb": peak_mb(),
        "of_it_before_the_model_mb": before,
    }


def globes(keep: Keep) -> dict[str, Any]:
    """Return the costs of all sizes, each from a process of its own."""
    made: dict[str, Any] = {}
    for name in GLOBES:
        command = [sys.executable, "-P", __file__, "--globe", name]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        made[name] = json.loads(printed.splitlines()[-1])
        keep(made)
    return made


def main() -> None:
    """Measure the parts, print and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=["forecasts", "globe", "scaling"])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("afno.json"))
    parser.add_argument("--globe", help="one size of `globe`, for a process of its own")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.globe:
        print(json.dumps(globe(given.globe)))
        return
    ways: dict[str, Callable[[Keep], dict[str, Any]]] = {
        "forecasts": partial(forecasts, given.epochs),
        "globe": globes,
        "scaling": scaling,
    }
    made = json.loads(given.out.read_text()) if given.out.is_file() else {}
    made |= {
        "command": f"python benchmarks/afno.py --epochs {given.epochs}",
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": 1,
    }
    for part in given.parts:

        def keep(found: dict[str, Any], part: str = part) -> None:
            made[part] = found
            given.out.write_text(json.dumps(made, indent=1) + "\n")

        keep(ways[part](keep))
        print(part, json.dumps(made[part]), flush=True)


if __name__ == "__main__":
    main()
