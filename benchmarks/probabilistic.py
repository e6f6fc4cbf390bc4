"""A probabilistic surrogate compared with a deterministic one whose input is perturbed.

python benchmarks/probabilistic.py [--steps N] [--out FILE]

Kuramoto-Sivashinsky flow of which the waves beyond the seventh are hidden, so that the next state
is random given the known one. Both networks are trained for the same CPU time. The amplitude of the
perturbations is the best of several by the fair CRPS on the validation set.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import neurop
from neurop.datasets import KuramotoSivashinsky
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput
from neurop.inference.evaluating import evaluating
from neurop.metrics.crps import fair_crps
from neurop.objectives.crps import Crps
from neurop.problems import Evolution
from neurop.surrogate import Surrogate
from neurop.training.fit import ADAMW, fit

MODEL = neurop.models.FNO.spec(modes=8, width=24, depth=2)
LEADS, MEMBERS, EVERY = 8, 20, 8
AMPLITUDES = (0.1, 0.2, 0.3, 0.4)
UNROLL = 3


def trained(data: Any, steps: int, objective: Any = None) -> tuple[Surrogate, float]:
    """Return a surrogate and the CPU seconds of its training.

    A probabilistic one spends the last third of the time on trajectories of three steps.
    """
    start = time.process_time()
    late = 0 if objective is None else round(steps / UNROLL**2)
    made = _fit(MODEL, data, steps - UNROLL * late, 4e-3, objective)
    if late:
        train = data.splits()["train"]
        longer = Surrogate.of(train, MODEL, Evolution(unroll=UNROLL), noise=made.noise)
        longer.load_state_dict(made.state_dict())
        made = _fit(longer, data, late, 1e-3, objective)
    return made, time.process_time() - start


def _fit(model: Any, data: Any, steps: int, rate: float, objective: Any) -> Surrogate:
    optimizer = partial(ADAMW, lr=rate)
    return fit(model, data, objective, batch_size=32, optimizer=optimizer, budget=f"{steps}steps")


def windows(data: FieldSet) -> tuple[Tensor, Tensor]:
    """Return initial frames and the truth after them, from several frames of each trajectory."""
    values = np.asarray(data.values)
    first = range(0, values.shape[1] - LEADS, EVERY)
    x = np.concatenate([values[:, t : t + 1] for t in first])
    y = np.concatenate([values[:, t + 1 : t + 1 + LEADS] for t in first])
    return torch.from_numpy(x).float(), torch.from_numpy(y).double()


def perturbed(surrogate: Surrogate, x: Tensor, amplitude: float) -> Tensor:
    """Return an ensemble of forecasts from initial states with smooth random perturbations."""
    rows = MEMBERS * len(x)
    noise = next(NoiseInput(1, 8).paths(surrogate.card.grid, x.shape[3:], rows, [0], x))
    start = x + amplitude * surrogate.scale * noise.unflatten(0, (MEMBERS, len(x)))[:, :, None]
    with evaluating(surrogate):
        return torch.stack([surrogate.trajectory(each, LEADS) for each in start])


def scores(members: Tensor, truth: Tensor) -> dict[str, list[float]]:
    """Return fair CRPS, RMSE of the mean and spread over it, by lead time."""
    members = members.double()
    crps = fair_crps(members, truth, torch.ones(truth.shape[-1], dtype=torch.float64))
    axes = (0, 2, 3)
    error = (members.mean(0) - truth).square().mean(axes).sqrt()
    spread = ((1 + 1 / MEMBERS) * members.var(0).mean(axes)).sqrt()
    found = {"fair_crps": crps.mean((0, 2)), "rmse": error, "spread_skill": spread / error}
    return {name: [round(float(v), 4) for v in values] for name, values in found.items()}


def main() -> None:
    """Train both, score both, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=Path("probabilistic.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = KuramotoSivashinsky(resolution=16, interval=2.0, steps=50)
    random, seconds = trained(data, given.steps, Crps(members=4))
    # One short training tells how many steps the deterministic network makes in the same time.
    _, short = trained(data, given.steps // 10)
    steps = round(given.steps / 10 * seconds / short)
    plain, plain_seconds = trained(data, steps)
    splits = data.splits()
    x, y = windows(splits["val"])
    tuned = {a: np.mean(scores(perturbed(plain, x, a), y)["fair_crps"]) for a in AMPLITUDES}
    amplitude = min(tuned, key=lambda a: float(tuned[a]))
    x, y = windows(splits["test"])
    with evaluating(plain):
        alone = (plain.trajectory(x, LEADS).double() - y).abs().mean((0, 2, 3))
    record = {
        "crps": {
            "steps": given.steps,
            "cpu_seconds": seconds,
            **scores(random.sample(x, MEMBERS, LEADS), y),
        },
        "perturbed": {
            "steps": steps,
            "cpu_seconds": plain_seconds,
            "amplitude": amplitude,
            **scores(perturbed(plain, x, amplitude), y),
        },
        "deterministic_mae": [round(float(v), 4) for v in alone],
        "climatology_crps": round(float(plain.scale) / np.pi**0.5, 4),
        "forecasts": len(x),
        "members": MEMBERS,
        "lead_time": 2.0,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
    }
    print(text := json.dumps(record, indent=1))
    given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
