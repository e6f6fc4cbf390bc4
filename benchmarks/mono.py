"""A mixture of neural operators compared with dense networks, on inputs of four regimes.

python benchmarks/mono.py [--steps N] [--seeds N] [--cases NAME ...] [--models NAME ...]

Burgers' equation, 64 points, viscosity 2e-2, to t = 0.3, from two sets of inputs. `waves`: cosines
of 1, 2, 4 and 6 periods with a random field added, which a centre in L2 tells apart. `scales`:
random fields of zero mean and the correlation lengths 0.05, 0.1, 0.3 and 0.8, which it does not.
All networks have the same steps and seeds, and batches of 20, but for one mixture with batches of
80, whose experts see as many samples each as a dense network. The file is written after every
network.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import neurop
from neurop import Field, FieldSet, Grid
from neurop.datasets.burgers import burgers_symbol
from neurop.models import MoNO
from neurop.physics.solvers.convection import solve_convection
from neurop.registry import Spec

POINTS, SOLVED, STEPS, TIME, VISCOSITY = 64, 128, 160, 0.3, 2e-2
REGIMES = {"waves": (1, 2, 4, 6), "scales": (0.05, 0.1, 0.3, 0.8)}
HELD_OUT = {"val": 40, "test": 200}
NARROW, WIDE = (Spec("fno", {"modes": 16, "width": w, "depth": 3}) for w in (16, 32))
MIXTURE = Spec("mono", {"expert": NARROW, "experts": 4})
BATCH, LARGE = 20, "mono, 4 x batch"
MODELS = {
    "equal active": NARROW,
    "equal stored": WIDE,
    "mono": MIXTURE,
    "random cells": MIXTURE,
    LARGE: MIXTURE,
}
CASES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "waves": ("waves", 1600, tuple(MODELS)),
    "scales": ("scales", 1600, ("equal active", "mono")),
    "few": ("waves", 160, ("equal active", "mono")),
}
"""Set, number of training samples and networks; with 160 an expert has 40."""
NEAR = 0.1


class RandomCells(nn.Module):
    """A partition that has nothing to do with the distance: by a digit of an input's lowest modes.

    Parameters
    ----------
    router
        Router of the mixture.
    """

    def __init__(self, router: Any) -> None:
        super().__init__()
        self.router = router

    def forward(self, x: Tensor) -> Tensor:
        """Return the cell of each field."""
        digits = self.router.projected(x).double().flatten(1).sum(1) * 1e4
        return digits.floor().long() % len(self.router.centres)


def fields(count: int, length: float, rng: np.random.Generator) -> NDArray[Any]:
    """Return random fields of a Gaussian correlation function, deviation 1, `SOLVED` points."""
    k = np.arange(SOLVED // 3)
    size = np.exp(-((np.pi * k * length) ** 2)) * np.where(k > 0, 2, 1)
    size = np.sqrt(size / size.sum())
    noise = rng.standard_normal((2, count, len(k))) * size
    angle = 2 * np.pi * k[:, None] * np.arange(SOLVED) / SOLVED
    return np.asarray(noise[0] @ np.cos(angle) + noise[1] @ np.sin(angle))


def pairs(kind: str, count: int, seed: int) -> FieldSet:
    """Return pairs of the velocity at both times, in the order of the regimes, again and again."""
    rng, x = np.random.default_rng(seed), np.arange(SOLVED) / SOLVED
    start = np.empty((count, SOLVED))
    for i, one in enumerate(REGIMES[kind]):
        own = len(start[i::4])
        if kind == "waves":
            start[i::4] = np.cos(2 * np.pi * one * x) + 0.3 * fields(own, 0.2, rng)
        else:
            start[i::4] = fields(own, one, rng)
    step, symbol = TIME / STEPS, burgers_symbol(SOLVED, VISCOSITY)
    chunks = torch.from_numpy(start).split(400)
    made = [solve_convection(u, symbol, 1.0, step, STEPS, 1, POINTS) for u in chunks]
    frames = torch.cat(made).float().numpy()[:, :, None]
    assert np.isfinite(frames).all()
    u, final = Field("velocity", "1"), Field("final_velocity", "1")
    return FieldSet(frames[:, :1], (u,), Grid.periodic(1), frames[:, 1:], (final,), source=kind)


def train(name: str, splits: dict[str, FieldSet], steps: int, seed: int) -> neurop.Surrogate:
    """Return a trained surrogate."""
    torch.manual_seed(seed)
    made = neurop.Surrogate.of(splits["train"], MODELS[name])
    if name == "random cells":
        made.net.router = RandomCells(made.net.router)
    size = 4 * BATCH if name == LARGE else BATCH
    return neurop.fit(made, splits, budget=f"{steps}steps", batch_size=size, seed=seed)


@torch.no_grad()
def row(name: str, surrogate: neurop.Surrogate, splits: dict[str, FieldSet]) -> dict[str, Any]:
    """Return sizes and errors of a trained surrogate."""
    test = splits["test"]
    x, y = (torch.from_numpy(np.asarray(v)[:, 0]) for v in (test.values, test.targets))
    error = ((surrogate(x) - y).norm(dim=2) / y.norm(dim=2))[:, 0]
    stored = surrogate.parameters_count()
    found = {
        "model": name,
        "stored_parameters": stored,
        "active_parameters": stored,
        "relative_l2": float(error.mean()),
        "by_regime": [float(error[i::4].mean()) for i in range(4)],
    }
    net = surrogate.net
    if isinstance(net, MoNO):
        router: Any = net.router
        train = torch.from_numpy(np.asarray(splits["train"].values)[:, 0])
        found["active_parameters"] = net.active_parameters
        found["samples_per_expert"] = torch.bincount(
            router(surrogate.input_norm(train)), minlength=4
        ).tolist()
        if name != "random cells":
            z = surrogate.input_norm(x)
            cells, regimes = router(z), torch.arange(len(z)) % 4
            found["regimes_of_cells"] = [
                torch.bincount(regimes[cells == e], minlength=4).tolist() for e in range(4)
            ]
            found |= boundary(router.distances(z), error)
    return found


def boundary(distances: Tensor, error: Tensor) -> dict[str, Any]:
    """Return the share of inputs whose two nearest centres are nearly as far, and their error."""
    first, second = distances.topk(2, largest=False).values.T
    near = first > (1 - NEAR) * second
    there, elsewhere = error[near], error[~near]
    return {
        "near_boundary_share": float(near.float().mean()),
        "near_boundary_relative_l2": float(there.mean()) if len(there) else None,
        "elsewhere_relative_l2": float(elsewhere.mean()) if len(elsewhere) else None,
    }


def main() -> None:
    """Train all networks, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--out", type=Path, default=Path("mono.json"))
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    made = {
        "command": shlex.join(["python", "benchmarks/mono.py", *sys.argv[1:]]).split(" --out")[0],
        "steps": given.steps,
        "batch_size": BATCH,
        "rows": rows,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    sets = {kind: pairs(kind, 1600, seed=0) for kind in REGIMES}
    held = {
        kind: {name: pairs(kind, n, seed=1 + i) for i, (name, n) in enumerate(HELD_OUT.items())}
        for kind in REGIMES
    }
    for seed in range(given.seeds):
        for kind, samples, names in (CASES[case] for case in given.cases):
            splits = {"train": sets[kind].samples(slice(samples)), **held[kind]}
            for name in (name for name in names if name in given.models):
                trained = train(name, splits, given.steps, seed)
                about = {"data": kind, "samples": samples, "seed": seed}
                rows.append(about | row(name, trained, splits))
                given.out.write_text(json.dumps(made, indent=1) + "\n")
                print(f"{kind:7}{samples:6}  {name:13}{rows[-1]['relative_l2']:9.4f}", flush=True)


if __name__ == "__main__":
    main()
