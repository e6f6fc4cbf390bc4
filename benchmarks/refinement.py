"""Two stages compared with one, and with other networks of the same cost.

python benchmarks/refinement.py [--epochs N] [--seeds N] [--modes N] [--pairs N] [--out FILE]

Burgers' equation at a viscosity of 1e-3, whose shocks fill the band: 1000 pairs of 256 points for
training (`--pairs`), 100 for validation, 200 for the test. Networks of one stage are trained with
seeds 0, 1 and so on; then for each seed a second stage, and the networks of `equal_cost.py`. The
file is written after every network, so a run that is stopped leaves what it has.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from equal_cost import Row, Setting, baselines, beyond_modes, table
from numpy.typing import NDArray

import neurop
from neurop import Field, FieldSet, Grid, models
from neurop.datasets.burgers import INITIAL, burgers_symbol
from neurop.metrics.octaves import octaves
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.convection import solve_convection
from neurop.refinement.stage import residual_rms, squares_left

VISCOSITY, POINTS = 1e-3, 256
HELD_OUT = {"test": range(200), "val": range(200, 300)}
SOLVER = {"points": 768, "steps": 1000}
"""In place of the 5400 points and 2487 steps of the data set, from whose targets those of the first
20 samples differ by at most 2e-7 (relative L2), the rounding of float32."""


def pairs(numbers: range) -> FieldSet:
    """Return samples of ``Burgers(viscosity=1e-3, resolution=256)`` by their numbers."""
    parts = []
    for first in range(numbers.start, numbers.stop, 20):
        some = range(first, min(first + 20, numbers.stop))
        start = random_field(some, (SOLVER["points"],), seed=0, **INITIAL["paper"])
        symbol = burgers_symbol(SOLVER["points"], VISCOSITY)
        solved, count = start * torch.nan, SOLVER["steps"]
        while not solved.isfinite().all():  # a few of ten thousand fields need shorter steps
            solved = solve_convection(start, symbol, 1.0, 1 / count, count, 1, POINTS).float()
            count *= 2
        parts.append(solved)
    frames = torch.cat(parts).numpy()[:, :, None]
    return labelled(frames[:, :1], frames[:, 1:])


def labelled(values: NDArray[np.float32], targets: NDArray[np.float32]) -> FieldSet:
    """Return pairs of the velocity at times 0 and 1."""
    u, final = Field("velocity", "1"), Field("final_velocity", "1")
    return FieldSet(values, (u,), Grid.periodic(1), targets, (final,), source="burgers")


def sets(folder: Path, count: int) -> dict[str, FieldSet]:
    """Return the splits, with `count` pairs for training, solved once."""
    made = {}
    for name, numbers in (HELD_OUT | {"train": range(300, 300 + count)}).items():
        file = folder / f"{name}-{len(numbers)}.npz"
        if not file.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            found = pairs(numbers)
            np.savez(file, values=found.values, targets=found.targets)
        with np.load(file) as kept:
            made[name] = labelled(kept["values"], kept["targets"])
    return made


def second_stage(setting: Setting, base: neurop.Surrogate, seed: int) -> tuple[Row, Row]:
    """Return the row of two stages, and the residuals of the first one."""
    rms = {name: float(residual_rms(base, data)) for name, data in setting.splits.items()}
    torch.manual_seed(seed + 1000)
    refined = setting.more(neurop.refinement.specboost(base, setting.splits), seed)
    ratio = rms["train"] / rms["test"]
    shrunk = {"rms": rms, "ratio": ratio, "squares_left_at_least": squares_left(ratio, 1.0)}
    return setting.row(refined, 2 * setting.epochs), shrunk


def main() -> None:
    """Train all networks, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--modes", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=1000, help="for training")
    parser.add_argument("--data", type=Path, default=Path("runs/refinement"))
    parser.add_argument("--out", type=Path, default=Path("refinement.json"))
    given = parser.parse_args()
    spec = models.FNO.spec(modes=given.modes, width=32, depth=4)
    setting = Setting(sets(given.data, given.pairs), spec, given.epochs)
    rows: dict[str, list[Row]] = defaultdict(list)
    made: dict[str, Any] = {
        "command": " ".join(["python", *sys.argv]),
        "epochs": given.epochs,
        "samples": {name: len(data) for name, data in setting.splits.items()},
        "octaves": octaves(POINTS // 2 + 1).tolist(),
        "beyond_modes": beyond_modes(setting.splits["test"], given.modes),
        "shrinkage": [],
        "rows": rows,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    first = {seed: setting.fit(seed) for seed in range(given.seeds)}
    for seed, base in first.items():
        refined, shrunk = second_stage(setting, base, seed)
        made["shrinkage"].append(shrunk)
        rows["two stages"].append(refined)
        for name, row in baselines(setting, first, seed):
            rows[name].append(row)
            given.out.write_text(json.dumps(made, indent=1) + "\n")
    print(table(rows))
    print("relative error by octaves, from the wavenumber " + ", ".join(map(str, made["octaves"])))
    for name, found in [*rows.items(), ("beyond the modes", None)]:
        each = [row["octave_relative_l2"] for row in found or ()] or [made["beyond_modes"]]
        shown = np.array(each, float).mean(0)
        print(f"{name:22}" + "".join(f"{value:9.4f}" for value in shown))
    for one in made["shrinkage"]:
        print(
            f"residual on training and test data {one['rms']['train']:.3g}, "
            f"{one['rms']['test']:.3g}: ratio {one['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
