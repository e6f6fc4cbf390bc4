"""One network for a range of viscosities, compared with networks of one viscosity each.

python benchmarks/viscosity.py [--runs FOLDER] [--out FILE]

Trains those of `neurop train experiment=ns_viscosity_cpu` that are missing in the folder of runs,
and tests all on 20 trajectories that none has seen, at fixed viscosities in and beyond the range.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import torch

import neurop
from neurop.datasets import NavierStokes
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score

EXPERIMENT = "experiment=ns_viscosity_cpu"
ALONE = (2e-4, 5e-4)
TESTED = (5e-5, 1e-4, *ALONE, 1e-3, 2e-3)
SAMPLES, STEPS = 140, 10


def trained(folder: Path, viscosity: float | None = None) -> dict[str, Any]:
    """Return run folder, record and command of a network, trained if it is missing."""
    where = folder / ("range" if viscosity is None else f"{viscosity:g}")
    words = ["train", EXPERIMENT, *([] if viscosity is None else [f"data.viscosity={viscosity:g}"])]
    if not (where / "train.json").exists():
        command = [sys.executable, "-m", "neurop", *words, f"hydra.run.dir={where}"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    record = json.loads((where / "train.json").read_text())
    kept = ("steps", "parameters", "seconds", "test/relative_l2", "data_hash")
    about = {key: record[key] for key in kept if key in record}
    return {"command": f"neurop {' '.join(words)}", **about, "run": where}


def errors(run: Path, viscosity: float) -> dict[str, Any]:
    """Return the errors of a network at one viscosity, and the warning that they come with."""
    data = NavierStokes(samples=SAMPLES, steps=STEPS, viscosity=viscosity).test()
    surrogate = neurop.load(run / "model")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        one = score(surrogate, data)
        many = rollout(surrogate, data, STEPS)
    said = [str(w.message) for w in caught if "trained on" in str(w.message)]
    return {
        "viscosity": viscosity,
        "one_step": float(one.relative_l2),
        "trajectory": float(many.trajectory_relative_l2),
        "ten_steps": float(many.relative_l2[-1]),
        "ten_steps_persistence": float(many.persistence_relative_l2[-1]),
        **({"warning": said[0]} if said else {}),
    }


def main() -> None:
    """Train what is missing, test all, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/viscosity"))
    parser.add_argument("--out", type=Path, default=Path("viscosity.json"))
    given = parser.parse_args()
    together = trained(given.runs)
    run = together.pop("run")
    together["errors"] = [errors(run, viscosity) for viscosity in TESTED]
    apart = []
    for viscosity in ALONE:
        network = trained(given.runs, viscosity)
        network["errors"] = [errors(network.pop("run"), viscosity)]
        apart.append(network)
    at = {row["viscosity"]: row for row in together["errors"]}
    ratios = {
        f"{viscosity:g}": {
            key: at[viscosity][key] / network["errors"][0][key]
            for key in ("one_step", "trajectory", "ten_steps")
        }
        for viscosity, network in zip(ALONE, apart, strict=True)
    }
    made = {"range": together, "one_viscosity": apart, "ratio": ratios}
    about = {"neurop": neurop.__version__, "torch": torch.__version__, "on": platform.processor()}
    text = json.dumps(made | {"versions": about}, indent=1)
    print(text)
    given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
