"""Coverage of the 90 % error bands of small networks, on data like theirs and on shifted data.

python benchmarks/coverage.py [--sets NAMES] [--out FILE]

Each network is trained on one seed of its data set. The bands are calibrated on samples of another
seed, which neither the training nor the choice of a checkpoint has seen, and judged on the others
of them; the split is drawn anew many times, since the coverage of the bands of one calibration has
a Beta distribution. The shifted data and the finer grid are judged by the same bands.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import neurop
from neurop import Surrogate, fit
from neurop.datasets import Burgers, Darcy, NavierStokes
from neurop.evaluation import calibrate
from neurop.evaluation.batches import check_compatible
from neurop.evaluation.calibrate import band_scores
from neurop.evaluation.forecasts import starts_of
from neurop.evaluation.score import score
from neurop.fields.fieldset import FieldSet
from neurop.inference.conformal.all_leads import AllLeads
from neurop.inference.conformal.everywhere import Everywhere
from neurop.inference.conformal.guarantee import Guarantee
from neurop.inference.conformal.modulation import on_grid
from neurop.inference.conformal.rank import rank
from neurop.inference.conformal.share import Share
from neurop.inference.evaluating import evaluating
from neurop.models import FNO
from neurop.registry import Spec
from neurop.source import Source

LEVEL, CALIBRATION, SPLITS = 0.9, 200, 1000
OTHER_SEED = 1


@dataclass(frozen=True)
class Case:
    """A data set, its network, and what is changed for the shifted data."""

    make: Callable[..., Source]
    settings: dict[str, Any]
    model: Spec
    train: int
    pool: int
    epochs: int
    shift: dict[str, Any]
    finer: dict[str, Any] = field(default_factory=dict)


CASES = {
    "burgers": Case(
        Burgers,
        {"resolution": 128, "viscosity": 1e-2},
        FNO.spec(modes=24, width=24, depth=3),
        400,
        1000,
        30,
        {"viscosity": 5e-3},
        {"resolution": 256},
    ),
    "darcy": Case(
        Darcy,
        {"resolution": 22, "solver": 43},
        FNO.spec(modes=8, width=16, depth=3, padding=0.1),
        200,
        500,
        12,
        {"coefficient": {"low": 3.0, "high": 18.0}},
        {"resolution": 43},
    ),
    "navier_stokes": Case(
        NavierStokes,
        {"resolution": 32, "steps": 4, "viscosity": 1e-3},
        FNO.spec(modes=10, width=14, depth=2),
        80,
        400,
        10,
        {"amplitude": 0.4},
    ),
}
GUARANTEES = (Everywhere(), Share(0.9), AllLeads())


def pooled(case: Case, changed: dict[str, Any]) -> list[FieldSet]:
    """Return samples of the other seed, in the parts in which the data set holds them."""
    settings = case.settings | changed
    storage = {"seed": OTHER_SEED, "held_out": 1}
    return list(case.make(samples=case.pool, storage=storage, **settings).splits().values())


def scores(
    surrogate: Surrogate, parts: list[FieldSet], guarantee: Guarantee, size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the scores of all samples, ``(sample, lead, field)``."""
    found = []
    with evaluating(surrogate):
        for part in parts:
            data = check_compatible(surrogate, part)
            modulation = on_grid(size, data.grid, data.shape)
            starts = starts_of(surrogate, data)
            found.append(band_scores(surrogate, data, starts, guarantee, modulation, 32))
    return np.concatenate(found)


def coverages(
    pool: NDArray[np.float64], others: dict[str, NDArray[np.float64]]
) -> dict[str, dict[str, Any]]:
    """Return the coverage over random splits of the pool: mean, and 5 and 95 % quantiles."""
    rng, k = np.random.default_rng(0), rank(CALIBRATION, LEVEL)
    drawn: dict[str, list[NDArray[np.float64]]] = {"in distribution": []}
    drawn |= {name: [] for name in others}
    for _ in range(SPLITS):
        order = rng.permutation(len(pool))
        q = np.sort(pool[order[:CALIBRATION]], 0)[k - 1]
        drawn["in distribution"].append((pool[order[CALIBRATION:]] <= q).mean(0))
        for name, values in others.items():
            drawn[name].append((values <= q).mean(0))
    return {
        name: {
            "mean": np.mean(values, 0).tolist(),
            "quantiles_5_95": np.quantile(values, [0.05, 0.95], axis=0).tolist(),
        }
        for name, values in drawn.items()
    }


def measure(case: Case) -> dict[str, Any]:
    """Train a network, and return the coverage of its bands."""
    torch.manual_seed(0)
    started = time.perf_counter()
    source = case.make(samples=case.train + 40, storage={"held_out": 20}, **case.settings)
    sets = source.splits()
    surrogate = fit(case.model, source, epochs=case.epochs, batch_size=16)
    trained = time.perf_counter() - started
    parts, shifted = pooled(case, {}), pooled(case, case.shift)
    finer = pooled(case, case.finer) if case.finer else []
    made: dict[str, Any] = {
        "settings": case.settings,
        "shift": case.shift,
        "finer": case.finer,
        "train_samples": len(sets["train"]),
        "pool_samples": case.pool,
        "epochs": case.epochs,
        "seconds_of_data_and_training": round(trained, 1),
        "relative_l2": float(score(surrogate, parts[0]).relative_l2),
        "relative_l2_shifted": float(score(surrogate, shifted[0]).relative_l2),
        "expected_coverage": rank(CALIBRATION, LEVEL) / (CALIBRATION + 1),
    }
    for guarantee in GUARANTEES:
        bands = calibrate(surrogate, sets["train"], parts[0], guarantee, LEVEL, batch_size=32)
        pool = scores(surrogate, parts, guarantee, bands.modulation)
        others = {"shifted": scores(surrogate, shifted, guarantee, bands.modulation)}
        if finer:
            others["finer grid"] = scores(surrogate, finer, guarantee, bands.modulation)
        flat = bands.modulation.copy()
        flat[...] = flat.mean(tuple(range(2, flat.ndim)), keepdims=True)
        factor = np.sort(scores(surrogate, parts, guarantee, flat), 0)
        uniform = factor[rank(len(pool), LEVEL) - 1] * flat.mean(tuple(range(2, flat.ndim)))
        q = np.sort(pool, 0)[rank(len(pool), LEVEL) - 1]
        width = q * bands.modulation.mean(tuple(range(2, flat.ndim)))
        name = type(guarantee).__name__
        made[name] = coverages(pool, others) | {
            "half_width_over_deviation": (width / surrogate.scale.numpy()).tolist(),
            "half_width_over_that_of_a_uniform_band": (width / uniform).tolist(),
        }
    return made


def main() -> None:
    """Measure the chosen sets, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join(CASES), help="names, separated by commas")
    parser.add_argument("--out", type=Path, default=Path("coverage.json"))
    given = parser.parse_args()
    about = {
        "level": LEVEL,
        "calibration_samples": CALIBRATION,
        "splits": SPLITS,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
    }
    found = json.loads(given.out.read_text()) if given.out.exists() else about
    for name in given.sets.split(","):
        found[name] = measure(CASES[name])
        given.out.write_text(json.dumps(found, indent=1) + "\n")
        row = found[name]["Everywhere"]
        print(name, {k: v["mean"] for k, v in row.items() if isinstance(v, dict)}, flush=True)


if __name__ == "__main__":
    main()
