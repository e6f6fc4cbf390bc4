r"""Closures of two-scale Lorenz 96, learned offline: an FNO compared with polynomials.

python benchmarks/closure.py [--samples 1400] [--epochs 20] [--seeds 0] [--out FILE]

The effect U_k of the fast variables is predicted from the slow ones X: by a cubic in X_k (Wilks),
by quadratics and cubics in the five nearest, by the same with X as it was 0.05 before (memory), and
by FNOs over k without and with it. R2 is that of all values of the test set, one minus the mean
square error divided by the variance of U. Test and training trajectories are different ones.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import replace
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neurop
from neurop.datasets import Lorenz96

HELD_OUT, MEMORY, ROWS = 200, 0.05, 200_000
POLYNOMIALS = {
    "local cubic": (False, 0, 3),
    "local cubic, memory": (True, 0, 3),
    "local quintic, memory": (True, 0, 5),
    "non-local quadratic": (False, 2, 2),
    "non-local cubic": (False, 2, 3),
    "non-local quadratic, memory": (True, 2, 2),
}


def monomials(values: np.ndarray, reach: int, degree: int) -> np.ndarray:
    """Return all monomials of X_{k-reach} to X_{k+reach} at all times, ``(samples K, terms)``."""
    near = [
        np.roll(x, shift, -1) for x in values.swapaxes(0, 1) for shift in range(-reach, reach + 1)
    ]
    near = [x.reshape(-1) / 10 for x in near]
    chosen = [c for d in range(degree + 1) for c in combinations_with_replacement(near, d)]
    return np.stack([np.prod([np.ones_like(near[0]), *c], axis=0) for c in chosen], axis=1)


def arrays(data: neurop.FieldSet, memory: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs ``(samples, times, K)`` and closures ``(samples, K)`` in float64."""
    x, u = (np.asarray(a, np.float64)[:, 0] for a in (data.values, data.targets))
    return x[:, : 1 + memory], u[:, 0]


def r2(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the explained part of the variance."""
    return float(1 - np.square(found - truth).mean() / truth.var())


def polynomial(splits: dict[str, neurop.FieldSet], form: tuple[bool, int, int]) -> dict[str, Any]:
    """Fit a polynomial by least squares, and score it."""
    memory, *shape = form
    start = time.process_time()
    x, u = arrays(splits["train"], memory)
    terms = monomials(x, *shape)[:ROWS]
    weights = np.linalg.lstsq(terms, u.reshape(-1)[:ROWS])[0]
    seconds = time.process_time() - start
    x, u = arrays(splits["test"], memory)
    score = r2((monomials(x, *shape) @ weights).reshape(u.shape), u)
    return {"r2": [score], "parameters": terms.shape[1], "seconds": seconds}


def with_memory(data: neurop.FieldSet, memory: bool) -> neurop.FieldSet:
    """Return a set with the inputs of now alone, or with those before."""
    count = 1 + memory
    return replace(data, values=np.asarray(data.values)[:, :, :count], fields=data.fields[:count])


def trained(sets: dict[str, neurop.FieldSet], given: Any, seed: int) -> neurop.Surrogate:
    """Return an FNO over k."""
    spec = neurop.models.FNO.spec(modes=given.modes, width=given.width, depth=4)
    torch.manual_seed(seed)
    adamw = partial(torch.optim.AdamW, lr=3e-3, weight_decay=1e-5)
    settings: dict[str, Any] = {"epochs": given.epochs, "batch_size": 50, "optimizer": adamw}
    return neurop.fit(spec, sets, seed=seed, **settings).eval()


def fno(splits: dict[str, neurop.FieldSet], memory: bool, given: Any) -> dict[str, Any]:
    """Train FNOs over k, one per seed, and score them."""
    sets = {name: with_memory(data, memory) for name, data in splits.items()}
    scores, start, count = [], time.process_time(), 0
    for seed in given.seeds:
        made = trained(sets, given, seed)
        with torch.no_grad():
            found = made(torch.from_numpy(np.asarray(sets["test"].values[:, 0])))[:, 0]
        scores.append(r2(found.double().numpy(), arrays(sets["test"], memory)[1]))
        count = sum(p.numel() for p in made.net.parameters())
    seconds = (time.process_time() - start) / len(given.seeds)
    return {"r2": scores, "parameters": count, "seconds": seconds}


def main() -> None:
    """Fit all closures, print the table and write all numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--samples", type=int, default=1400, help="400 of them held out")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--modes", type=int, default=12)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    today = time.strftime("%Y%m%d")
    parser.add_argument("--out", type=Path, default=Path(f"benchmarks/closure-cpu-{today}.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    storage = {"held_out": HELD_OUT, "folder": str(given.folder)}
    splits = Lorenz96(samples=given.samples, memory=MEMORY, storage=storage).splits()
    made: dict[str, Any] = {
        "about": {"torch": torch.__version__, "processor": platform.machine(), "threads": 1},
        "settings": {k: v for k, v in vars(given).items() if k not in ("folder", "out")},
        "rows": {},
    }
    rows = {name: partial(polynomial, splits, form) for name, form in POLYNOMIALS.items()}
    rows |= {f"FNO{', memory' * m}": partial(fno, splits, bool(m), given) for m in (0, 1)}
    print(f"{'':30}{'R2':>16}{'parameters':>12}{'seconds':>10}")
    for name, row in rows.items():
        found = made["rows"][name] = row()
        scores = " ".join(f"{score:.4f}" for score in found["r2"])
        print(f"{name:30}{scores:>16}{found['parameters']:12d}{found['seconds']:10.1f}", flush=True)
        given.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
