"""The models of a data set after the same time of training.

python benchmarks/equal_time.py [EXPERIMENT ...] [--budget 3min] [--seeds 0 1] [--runs FOLDER]

Runs `neurop compare` for each experiment that has no result in benchmarks/equal_time/, or that is
named, with the settings of its data set and those of a model alone in SETTINGS, then writes the
table benchmarks/EQUAL_TIME.md.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT, TABLE = HERE / "equal_time", HERE / "EQUAL_TIME.md"
PLANAR = ("fno", "tfno", "t1", "unet", "cnextunet", "local_fno")
BASELINES = ("persistence", "linear")
SPHERE = ("sfno", *PLANAR)
EXPERIMENTS = {
    "burgers_cpu": PLANAR,
    "darcy_cpu": PLANAR,
    "ns_1e-3_cpu": PLANAR,
    "ns_1e-4_cpu": PLANAR,
    "ns_1e-5_cpu": PLANAR,
    "ns_t1_cpu": PLANAR,
    "era5_msl": SPHERE,
    "swe_cpu": SPHERE,
}
# Learning rates and sizes of a model alone, where those of its data set suit it less: on a CPU a
# U-Net of half the width makes five times as many steps in the same time.
NARROW = "unet: {model: {width: 12}, optimizer: {lr: 1e-3}}, cnextunet: {model: {width: 12}}"
SETTINGS = {
    "darcy_cpu": f"{NARROW}, t1: {{model: {{modes: 32}}}}",
    "ns_1e-5_cpu": f"{NARROW}, t1: {{model: {{modes: 24}}}}",
    "era5_msl": f"{NARROW}, sfno: {{model: {{modes: 36, width: 32}}, optimizer: {{lr: 5e-3}}}}, "
    "local_fno: {model: {modes: 36}}",
    "swe_cpu": f"{NARROW}, sfno: {{model: {{modes: 32, width: 32}}}}, "
    "local_fno: {model: {modes: 32}}",
}
KEYS = (
    "model",
    "error",
    "error_low",
    "error_high",
    "error_ratio",
    "error_ratio_low",
    "error_ratio_high",
    "trajectory",
    "trajectory_ratio",
    "seeds",
    "parameters",
    "step_ms",
    "inference_ms",
    "peak_mb",
    "train_seconds",
    "steps",
    "failed",
)


def compared(experiment: str, budget: str, seeds: list[int], runs: Path) -> dict[str, Any]:
    """Return the result of a comparison, run if its folder is missing."""
    folder = runs / experiment
    words = [
        "compare",
        f"experiment={experiment}",
        f"models=[{','.join((*EXPERIMENTS[experiment], *BASELINES))}]",
        f"settings={{{SETTINGS.get(experiment, NARROW)}}}",
        f"budget={budget}",
        f"seeds={seeds}".replace(" ", ""),
    ]
    if not (folder / "compare.json").is_file():
        command = [sys.executable, "-m", "neurop", *words, f"hydra.run.dir={folder}"]
        subprocess.run(command, check=True)
    found = json.loads((folder / "compare.json").read_text())
    rows = [{key: row[key] for key in KEYS if key in row} for row in found["models"]]
    kept = {key: found[key] for key in ("data", "data_hash", "test_hash", "samples", "machine")}
    return {"command": f"neurop {shlex.join(words)}", **kept, "models": rows}


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return the results as Markdown: one row per experiment, one column per model."""
    names = [*SPHERE, *BASELINES]
    lines = [
        "# Models after the same time of training",
        "",
        "Relative L2 error of one step or of a map on the test set, mean over fields and seeds; of",
        "an evolution, after the comma, that of a trajectory of ten steps. The smallest is bold.",
        "The steps of a time are counted before the training; the seconds are those that it took.",
        "Made by `python benchmarks/equal_time.py`.",
        "",
        "| experiment | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for experiment, one in found.items():
        rows = {row["model"]: row for row in one["models"]}
        best = {
            key: min(row[key] for row in rows.values() if row.get(key) is not None)
            for key in ("error", "trajectory")
            # A trajectory of one step is no further result.
            if any(
                row.get(key) is not None
                and (key == "error" or not math.isclose(row[key], row["error"], rel_tol=1e-3))
                for row in rows.values()
            )
        }
        cells = []
        for name in names:
            row = rows.get(name, {})
            shown = [
                f"**{row[key]:.3g}**" if row[key] == least else f"{row[key]:.3g}"
                for key, least in best.items()
                if row.get(key) is not None
            ]
            cells.append(", ".join(shown) or "-")
        lines.append(f"| {experiment} | " + " | ".join(cells) + " |")
    costs = [
        "",
        "Seeds, training steps, seconds of training and parameters:",
        "",
        "| experiment | model | seeds | steps | s | ms per step | MB | parameters |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for experiment, one in found.items():
        for row in one["models"]:
            if row.get("steps"):
                numbers = (
                    experiment,
                    row["model"],
                    row.get("seeds", 1),
                    f"{row['steps']:.0f}",
                    f"{row['train_seconds']:.0f}",
                    f"{row['step_ms']:.1f}",
                    f"{row['peak_mb']:.0f}",
                    f"{row['parameters']:,}",
                )
                costs.append("| " + " | ".join(map(str, numbers)) + " |")
    commands = ["", "Commands:", "", *(f"- `{one['command']}`" for one in found.values())]
    return "\n".join([*lines, *costs, *commands]) + "\n"


def main() -> None:
    """Compare what is missing or named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", choices=[*EXPERIMENTS, []])
    parser.add_argument("--budget", default="3min")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/equal_time"))
    given = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    for experiment in given.experiments or EXPERIMENTS:
        file = KEPT / f"{experiment}.json"
        if given.experiments or not file.is_file():
            made = compared(experiment, given.budget, given.seeds, given.runs)
            file.write_text(json.dumps(made, indent=1) + "\n")
    files = {name: KEPT / f"{name}.json" for name in EXPERIMENTS}
    found = {name: json.loads(f.read_text()) for name, f in files.items() if f.is_file()}
    TABLE.write_text(table(found))
    print(f"wrote {TABLE} with {len(found)} experiments")


if __name__ == "__main__":
    main()
