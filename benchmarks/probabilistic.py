"""A probabilistic surrogate compared with a deterministic one whose input is perturbed.

python benchmarks/probabilistic.py [--data random|hidden] [--steps N] [--out FILE]

random: waves that move and decay, with a random forcing that is the stronger the larger they are,
so that the best possible score of one step is known. hidden: Kuramoto-Sivashinsky flow of which the
waves beyond the seventh are not in the data. The deterministic network has at least the CPU time of
the other, and the amplitude of its perturbations is the best of several on the validation set.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import neurop
from neurop.datasets import KuramotoSivashinsky
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
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


def trained(
    data: Mapping[str, FieldSet], steps: int, objective: Any = None
) -> tuple[Surrogate, float]:
    """Return a surrogate and the CPU seconds of its training.

    A probabilistic one spends the last third of the time on trajectories of three steps.
    """
    start = time.process_time()
    late = 0 if objective is None else round(steps / UNROLL**2)
    made = _fit(MODEL, data, steps - UNROLL * late, 4e-3, objective)
    if late:
        longer = Surrogate.of(data["train"], MODEL, Evolution(unroll=UNROLL), noise=made.noise)
        longer.load_state_dict(made.state_dict())
        made = _fit(longer, data, late, 1e-3, objective)
    return made, time.process_time() - start


def _fit(model: Any, data: Any, steps: int, rate: float, objective: Any) -> Surrogate:
    optimizer = partial(ADAMW, lr=rate)
    return fit(model, data, objective, batch_size=32, optimizer=optimizer, budget=f"{steps}steps")


def forced(seed: int, samples: int, frames: int = 21) -> FieldSet:
    r"""Return trajectories of :math:`u' = 0.9\, T u + \sigma(T u)\, \xi`, T shifts by a cell."""
    noise, grid = NoiseInput(1, 6), Grid.periodic(1)
    paths = noise.paths(grid, (32,), samples, [99, seed], torch.zeros((), dtype=torch.float64))
    state, kept = next(paths), []
    for _ in range(frames + 20):
        moved = state.roll(1, -1)
        state = 0.9 * moved + deviation(moved) * next(paths)
        kept.append(state)
    values = torch.stack(kept[20:], 1).numpy()
    return FieldSet(values, (Field("u"),), grid, times=Times(np.arange(float(frames)), "s"))


def deviation(moved: Tensor) -> Tensor:
    """Return the deviation of the forcing, by the state that it acts on."""
    return 0.3 * (1 + moved.tanh())


def splits_of(name: str) -> dict[str, FieldSet]:
    """Return the splits of a set by its name."""
    if name == "hidden":
        return KuramotoSivashinsky(resolution=16, interval=2.0, steps=50).splits()
    sizes = (("train", 200), ("val", 20), ("test", 40))
    return {split: forced(i, count) for i, (split, count) in enumerate(sizes)}


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


def best_score(x: Tensor) -> float:
    """Return the fair CRPS of one step of the true distribution of the random set."""
    return round(float(deviation(x.roll(1, -1)).mean()) / np.pi**0.5, 4)


def main() -> None:
    """Train both, score both, print and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=("random", "hidden"), default="random")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--out", type=Path, default=Path("probabilistic.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    splits = splits_of(given.data)
    random, seconds = trained(splits, given.steps, Crps(members=4))
    # One short training tells how many steps the deterministic network makes in the same time.
    _, short = trained(splits, given.steps // 10)
    # The short training has the larger share of fixed costs.
    steps = round(1.5 * given.steps / 10 * seconds / short)
    plain, plain_seconds = trained(splits, steps)
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
        **({} if given.data == "hidden" else {"best_one_step": best_score(x)}),
        "climatology_crps": round(float(plain.scale) / np.pi**0.5, 4),
        "forecasts": len(x),
        "members": MEMBERS,
        "data": given.data,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
    }
    print(text := json.dumps(record, indent=1))
    given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
