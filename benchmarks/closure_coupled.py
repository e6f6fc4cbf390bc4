r"""Closures of two-scale Lorenz 96 coupled to its slow variables: lead time and climate.

python benchmarks/closure_coupled.py [--samples 1400] [--epochs 20] [--units 500] [--out FILE]

The closures are those of closure.py. The slow variables are integrated by RK4 with steps of 0.025,
in which a closure is evaluated at every stage, from states of the test trajectories. The lead time
is that at which the root mean square error reaches half of the standard deviation of X, the mean
over the starts; the distance of climates is the first Wasserstein distance of the values of X in
the second half of the run from those of the full system, which runs as long from the same starts.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from closure import HELD_OUT, MEMORY, POLYNOMIALS, ROWS, arrays, monomials, trained, with_memory
from scipy.stats import wasserstein_distance

from neurop.datasets import Lorenz96
from neurop.physics.solvers.lorenz96 import rk4, slow_tendency

STEP, STARTS, SPACING = 0.025, 20, 0.05
CHOSEN = ("local cubic", "local cubic, memory", "non-local cubic", "non-local quadratic, memory")
Closure = Callable[[np.ndarray], np.ndarray]
"""From X ``(starts, times, K)``, now and before, to U ``(starts, K)``."""


def fitted(splits: dict[str, Any], form: tuple[bool, int, int]) -> Closure:
    """Return a polynomial closure, fitted by least squares."""
    memory, *shape = form
    x, u = arrays(splits["train"], memory)
    weights = np.linalg.lstsq(monomials(x, *shape)[:ROWS], u.reshape(-1)[:ROWS])[0]

    def closure(x: np.ndarray) -> np.ndarray:
        return (monomials(x[:, : 1 + memory], *shape) @ weights).reshape(len(x), -1)

    return closure


def operator(splits: dict[str, Any], memory: bool, given: Any) -> Closure:
    """Return the closure of an FNO."""
    sets = {name: with_memory(data, memory) for name, data in splits.items()}
    surrogate = trained(sets, given, given.seed)

    def closure(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            made = surrogate(torch.from_numpy(x[:, : 1 + memory].astype(np.float32)))
        return np.asarray(made[:, 0].double())

    return closure


def coupled(past: np.ndarray, closure: Closure, forcing: float, units: float) -> np.ndarray:
    """Return X at multiples of SPACING, ``(time, starts, K)``; ``past`` ends with the start.

    Values before are those of past steps, between them by linear interpolation.
    """
    back, every = round(MEMORY / STEP), round(SPACING / STEP)
    states, kept = list(past[-back - 1 :]), [past[-1]]
    for number in range(1, round(units / STEP) + 1):
        change = (states[-back] - states[-1 - back]) / STEP
        step = partial(_tendency, closure=closure, forcing=forcing, change=change)
        x, _ = rk4(step, (states[-1], states[-1 - back]), STEP, 1)
        states = [*states[1:], x]
        if not number % every:
            kept.append(x)
        if not np.isfinite(x).all():
            break
    return np.stack(kept)


def _tendency(
    state: tuple[np.ndarray, ...], closure: Closure, forcing: float, change: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivatives of X and of X before."""
    return slow_tendency(state[0], forcing) + closure(np.stack(state, axis=1)), change


def full_system(data: Lorenz96, units: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the last steps before the start ``(time, starts, K)``, and X from the start on."""
    rng = np.random.default_rng(12345)
    slow, fast = data.shape[0], data.shape[0] * data.scales.fast
    state = (5 * rng.normal(size=(STARTS, slow)), 0.1 * rng.normal(size=(STARTS, fast)))
    state = data.after(state, data.warmup)
    past = [state[0]]
    for _ in range(round(MEMORY / STEP)):
        state = data.after(state, STEP)
        past.append(state[0])
    kept = [state[0]]
    for _ in range(round(units / SPACING)):
        state = data.after(state, SPACING)
        kept.append(state[0])
    return np.stack(past), np.stack(kept)


def scored(run: np.ndarray, truth: np.ndarray, units: float) -> dict[str, Any]:
    """Return lead time and climate of a run."""
    half, deviation = len(truth) // 2, float(truth.std())
    lasted = len(run) == len(truth) and bool(np.isfinite(run).all())
    error = np.sqrt(np.square(run - truth[: len(run)]).mean(-1))  # (time, starts)
    reached = (~(error < 0.5 * deviation)).argmax(0) * SPACING
    made = {"lead": float(reached.mean()), "lead_error": float(reached.std() / len(reached) ** 0.5)}
    if not lasted:
        return made | {"units": len(run) * SPACING}
    late = run[half:]
    distance = wasserstein_distance(late.reshape(-1), truth[half:].reshape(-1))
    return made | {"units": units, "distance": float(distance), "deviation": float(late.std())}


def main() -> None:
    """Couple all closures, print the table and write all numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--samples", type=int, default=1400, help="400 of them held out")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--modes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--units", type=float, default=500.0, help="of time of the coupled runs")
    parser.add_argument("--folder", type=Path, default=Path("data"), help="of the data")
    today = time.strftime("%Y%m%d")
    out = Path(f"benchmarks/closure-coupled-cpu-{today}.json")
    parser.add_argument("--out", type=Path, default=out)
    given = parser.parse_args()
    torch.set_num_threads(1)
    storage = {"held_out": HELD_OUT, "folder": str(given.folder)}
    data = Lorenz96(samples=given.samples, memory=MEMORY, storage=storage)
    splits = data.splits()
    mean = np.asarray(splits["train"].targets).mean(dtype=float)
    past, truth = full_system(data, given.units)
    half = len(truth) // 2
    first, second = (truth[half:, some].reshape(-1) for some in (slice(10), slice(10, None)))
    made: dict[str, Any] = {
        "about": {"torch": torch.__version__, "processor": platform.machine(), "threads": 1},
        "settings": {k: v for k, v in vars(given).items() if k not in ("folder", "out")},
        "full system": {
            "deviation": float(truth[half:].std()),
            "distance of its halves": float(wasserstein_distance(first, second)),
        },
        "rows": {},
    }
    closures: dict[str, Callable[[], Closure]] = {
        "none": lambda: lambda x: np.zeros_like(x[:, 0]),
        "mean": lambda: lambda x: np.full_like(x[:, 0], mean),
        **{name: lambda name=name: fitted(splits, POLYNOMIALS[name]) for name in CHOSEN},
        "FNO": lambda: operator(splits, False, given),
        "FNO, memory": lambda: operator(splits, True, given),
    }
    print(f"{'':30}{'lead time':>16}{'distance':>12}{'deviation':>12}{'units':>8}{'s':>8}")
    print(f"{'full system':30}{'':16}", *(f"{v:11.4f}" for v in made["full system"].values()))
    for name, closure in closures.items():
        begin = time.process_time()
        run = coupled(past, closure(), data.forcing, given.units)
        found = made["rows"][name] = scored(run, truth, given.units)
        seconds = found["cpu_seconds"] = round(time.process_time() - begin, 1)
        lead = f"{found['lead']:.2f} ± {found['lead_error']:.2f}"
        numbers = [f"{found.get(key, np.nan):12.4f}" for key in ("distance", "deviation")]
        print(
            f"{name:30}{lead:>16}{''.join(numbers)}{found['units']:8.0f}{seconds:8.0f}", flush=True
        )
        given.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
