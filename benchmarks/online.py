"""What online training gains over stored samples, and what the policy of its buffer matters.

python benchmarks/online.py [--parts stored streamed] [--seeds N [N ...]] [--out FILE]

`stored`: Burgers' equation, the same network, steps and seeds with 100, 200 and 800 stored pairs
and with new ones. `streamed`: windows of trajectories of the Kuramoto-Sivashinsky equation from one
solver, by the three policies. The file is written after every run, so that one that is stopped
leaves what it has.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

NETWORK = ("~recommended", "model.width=32", "model.depth=4", "optimizer.lr=2e-3")
STORED = ("data=burgers", "data.resolution=256", "model.modes=16", "budget=1200steps")
SIZES = {100: 20, 200: 10, 800: 2}
"""Stored pairs for training: epochs between validations, of 100 or 120 steps."""
STREAMED = (
    "data=kuramoto_sivashinsky",
    "data.samples=60",
    "model.modes=32",
    "budget=1000steps",
    "trainer.check_val_every_n_epoch=2",
    "data.storage.mode=online",
    "loader=streamed",
    "loader.buffer=2000",
    "loader.draws.watermark=500",
)
POLICIES = ("fifo", "firo", "reservoir")
HELD_OUT = 20
"""Samples of the test, of the validation, and of the first training set of an online run."""
RECORDED = (
    "steps",
    "parameters",
    "seconds",
    "waiting_share",
    "unique_samples",
    "solved_samples",
    "repeats",
    "solver_seconds",
    "solver_wait",
    "training_wait",
    "test/relative_l2",
    "test/relative_l2_worst",
    "data_hash",
)


def burgers(size: int | None) -> list[str]:
    """Return the settings of a run with stored pairs, or with new ones."""
    stored = size or 100
    words = [
        *STORED,
        f"data.samples={stored + 2 * HELD_OUT}",
        f"trainer.check_val_every_n_epoch={SIZES[stored]}",
    ]
    if size is None:
        words += ["data.storage.mode=online", "loader=online", "loader.buffer=400"]
    return words


def cases(parts: list[str]) -> dict[str, list[str]]:
    """Return name and settings of each run."""
    made: dict[str, list[str]] = {}
    if "stored" in parts:
        made |= {f"stored {size}": burgers(size) for size in SIZES} | {"online": burgers(None)}
    if "streamed" in parts:
        made |= {name: [*STREAMED, f"loader.draws.policy={name}"] for name in POLICIES}
    return made


def run(name: str, words: list[str], seed: int, folder: Path) -> dict[str, Any]:
    """Train once and return its record, with the number of training samples that were solved."""
    where = folder / f"{name}-{seed}"
    places = [f"hydra.run.dir={where}", f"data.storage.folder={folder / 'data'}"]
    command = ["train", *words, *NETWORK, f"seed={seed}", *places]
    subprocess.run([sys.executable, "-P", "-m", "neurop", *command], check=True, stdout=sys.stderr)
    record = json.loads((where / "train.json").read_text())
    stored = int(name.split()[1]) if name.startswith("stored") else HELD_OUT
    calls = {"solver_calls": stored + record.get("solved_samples", 0)}
    kept = {key: record[key] for key in RECORDED if key in record}
    return {"case": name, "seed": seed, **calls, **kept}


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the means over seeds of the error and of the samples solved, by case."""
    keys = {"relative_l2": "test/relative_l2", "solver_calls": "solver_calls"}
    found = {}
    for case in dict.fromkeys(row["case"] for row in rows):
        own = [row for row in rows if row["case"] == case]
        found[case] = {name: mean(row[key] for row in own) for name, key in keys.items()}
    for case, one in found.items():
        other = "online" if case.startswith("stored") else "fifo"
        if other in found and case not in ("online", "fifo"):
            pair = (found[other], one) if other == "online" else (one, found[other])
            one["gain"] = 1 - pair[0]["relative_l2"] / pair[1]["relative_l2"]
    return found


def main() -> None:
    """Run all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("online.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--parts", nargs="+", choices=["stored", "streamed"], default=["stored", "streamed"]
    )
    given = parser.parse_args()
    runs, rows = cases(given.parts), list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as folder:
        for seed in given.seeds:
            for name, words in runs.items():
                rows.append(run(name, words, seed, Path(folder)))
                made = {
                    "command": f"python benchmarks/online.py --parts {' '.join(given.parts)}"
                    f" --seeds {' '.join(map(str, given.seeds))}",
                    "settings": {
                        case: " ".join([*words, *NETWORK]) for case, words in runs.items()
                    },
                    "mean": summary(rows),
                    "rows": rows,
                }
                given.out.write_text(json.dumps(made, indent=1) + "\n")
    for name, one in summary(rows).items():
        print(f"{name:12}" + "".join(f"  {key} {value:.4g}" for key, value in one.items()))


if __name__ == "__main__":
    main()
