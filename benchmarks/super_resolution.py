"""Super-resolution of a flow with filaments, zero-shot and after training on two grids.

python benchmarks/super_resolution.py [--runs FOLDER]

Trains FNO and FNO with local kernels on 16 trajectories of `experiment=ns_decay_cpu` at 64 x 64
points, without and with four further trajectories at 128 x 128, scores each by `neurop superres`,
and writes super_resolution-cpu-<date>.json. Runs that are in the folder are not repeated.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FINE = "data.storage.resolutions={128: 4}"
VARIANTS = {
    "fno": [],
    "fno_fine": [FINE],
    "local_fno": ["model=local_fno"],
    "local_fno_fine": ["model=local_fno", FINE],
}
SCORES = (
    "relative_l2",
    "relative_l2_in_band",
    "relative_l2_beyond_band",
    "truth_beyond_band",
    "persistence_beyond_band",
    "relative_l2_interpolated",
)


def neurop(*words: str) -> None:
    """Run a command of neurop."""
    subprocess.run([sys.executable, "-m", "neurop", *words], check=True)


def scored(folder: Path, words: list[str]) -> dict[str, Any]:
    """Return the scores of a variant, trained if its folder is missing."""
    if not (folder / "train.json").is_file():
        neurop("train", "experiment=ns_decay_cpu", *words, f"hydra.run.dir={folder}")
    if not (folder / "superres" / "superres.json").is_file():
        neurop("superres", f"ckpt={folder}")
    train = json.loads((folder / "train.json").read_text())
    superres = json.loads((folder / "superres" / "superres.json").read_text())
    return {
        "command": " ".join(["neurop train experiment=ns_decay_cpu", *map(repr, words)]),
        "parameters": train["parameters"],
        "seconds": train["seconds"],
        "versions": superres["versions"],
        "verdict": superres.get("verdict"),
        "resolutions": {
            points: {key: row.get(key) for key in SCORES}
            for points, row in superres["resolutions"].items()
        },
    }


def main() -> None:
    """Train and score what is missing, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/super_resolution"))
    runs = parser.parse_args().runs
    found = {name: scored(runs / name, words) for name, words in VARIANTS.items()}
    date = datetime.date.today().strftime("%Y%m%d")
    file = Path(__file__).parent / f"super_resolution-cpu-{date}.json"
    file.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{'':16}{'points':>7}{'error':>9}{'beyond/truth':>14}{'/interpolated':>14}")
    for name, one in found.items():
        for points, row in one["resolutions"].items():
            beyond = row["relative_l2_beyond_band"] / (row["truth_beyond_band"] or 1)
            whole = row["relative_l2"] / row["relative_l2_interpolated"]
            print(f"{name:16}{points:>7}{row['relative_l2']:9.4f}{beyond:14.2f}{whole:14.2f}")
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
