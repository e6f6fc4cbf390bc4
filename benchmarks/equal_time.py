"""The models of a data set after the same time of training.

python benchmarks/equal_time.py [EXPERIMENT ...] [--budget 3min] [--seeds 0 1] [--runs FOLDER]

Runs `neurop compare` for each experiment that has no result in benchmarks/equal_time/, or that is
named, with the settings of its data set and those of a model alone in SETTINGS, then writes the
table benchmarks/EQUAL_TIME.md. The first seed compares all models; the others those whose error is
less than twice the smallest.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import statistics
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
# U-Net of half the width makes five times as many steps in the same time; on 1024 points it needs
# more levels for its receptive field.
NARROW = {
    "unet": "{model: {width: 12}, optimizer: {lr: 1e-3}}",
    "cnextunet": "{model: {width: 12}}",
}
DEEP = "{model: {width: 8, levels: 6}, optimizer: {lr: 1e-3}}"
SETTINGS: dict[str, dict[str, str]] = {
    "burgers_cpu": {"unet": DEEP, "cnextunet": DEEP},
    "darcy_cpu": {**NARROW, "t1": "{model: {modes: 32}}"},
    "ns_1e-5_cpu": {**NARROW, "t1": "{model: {modes: 24}}"},
    "era5_msl": {
        **NARROW,
        "sfno": "{model: {modes: 36, width: 32}, optimizer: {lr: 5e-3}}",
        "local_fno": "{model: {modes: 36}}",
    },
    "swe_cpu": {
        **NARROW,
        "sfno": "{model: {modes: 32, width: 32}}",
        "local_fno": "{model: {modes: 32}}",
    },
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


def kept(experiment: str, seed: int) -> Path:
    """Return the file of a result."""
    return KEPT / (f"{experiment}.json" if seed == 0 else f"{experiment}-seed{seed}.json")


def close(experiment: str) -> list[str]:
    """Return the trained models whose error is less than twice the smallest, by the first seed."""
    rows = json.loads(kept(experiment, 0).read_text())["models"]
    errors = {row["model"]: row["error"] for row in rows if row.get("steps")}
    return [name for name, error in errors.items() if error < 2 * min(errors.values())]


def compared(experiment: str, budget: str, seed: int, runs: Path) -> dict[str, Any]:
    """Return the result of a comparison, run if its folder is missing."""
    folder = runs / kept(experiment, seed).stem
    models = close(experiment) if seed else [*EXPERIMENTS[experiment], *BASELINES]
    own = SETTINGS.get(experiment, NARROW)
    settings = ", ".join(f"{name}: {own[name]}" for name in models if name in own)
    words = [
        "compare",
        f"experiment={experiment}",
        f"models=[{','.join(models)}]",
        *([f"settings={{{settings}}}"] if settings else []),
        f"budget={budget}",
        f"seeds=[{seed}]",
    ]
    if not (folder / "compare.json").is_file():
        command = [sys.executable, "-m", "neurop", *words, f"hydra.run.dir={folder}"]
        subprocess.run(command, check=True)
    found = json.loads((folder / "compare.json").read_text())
    rows = [{key: row[key] for key in KEYS if key in row} for row in found["models"]]
    about = {key: found[key] for key in ("data", "data_hash", "test_hash", "samples", "machine")}
    return {"command": f"neurop {shlex.join(words)}", **about, "models": rows}


def over_seeds(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per model: the mean error over the seeds, costs of the first."""
    rows = {row["model"]: dict(row, errors=[]) for row in results[0]["models"]}
    for one in results:
        for row in one["models"]:
            rows[row["model"]]["errors"].append(row)
    for row in rows.values():
        for key in ("error", "trajectory"):
            if row.get(key) is not None:
                row[key] = statistics.fmean(one[key] for one in row["errors"])
    return list(rows.values())


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return the results as Markdown: one row per experiment, one column per model."""
    names = [*SPHERE, *BASELINES]
    lines = [
        "# Models after the same time of training",
        "",
        "Relative L2 error of one step or of a map on the test set, mean over fields and seeds; of",
        "an evolution, after the comma, that of a trajectory of ten steps. The smallest is bold.",
        "Models with less than twice the smallest error of one step have two seeds.",
        "The steps of a time are counted before the training; the seconds are those that it took.",
        "Made by `python benchmarks/equal_time.py`.",
        "",
        "| experiment | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for experiment, results in found.items():
        rows = {row["model"]: row for row in over_seeds(results)}
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
        "Training steps, seconds of training and error of each seed; costs of the first:",
        "",
        "| experiment | model | steps | s | error | ms per step | MB | parameters |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for experiment, results in found.items():
        for row in over_seeds(results):
            if row.get("steps"):
                seeds = row["errors"]
                numbers = (
                    experiment,
                    row["model"],
                    ", ".join(f"{one['steps']:.0f}" for one in seeds),
                    ", ".join(f"{one['train_seconds']:.0f}" for one in seeds),
                    ", ".join(f"{one['error']:.3g}" for one in seeds),
                    f"{row['step_ms']:.1f}",
                    f"{row['peak_mb']:.0f}",
                    f"{row['parameters']:,}",
                )
                costs.append("| " + " | ".join(map(str, numbers)) + " |")
    commands = [f"- `{one['command']}`" for results in found.values() for one in results]
    return "\n".join([*lines, *costs, "", "Commands:", "", *commands]) + "\n"


def main() -> None:
    """Compare what is missing or named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", choices=[*EXPERIMENTS, []])
    parser.add_argument("--budget", default="3min")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--runs", type=Path, default=Path("runs/equal_time"))
    given = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    for experiment in given.experiments or EXPERIMENTS:
        for seed in given.seeds:
            file = kept(experiment, seed)
            if given.experiments or not file.is_file():
                made = compared(experiment, given.budget, seed, given.runs)
                file.write_text(json.dumps(made, indent=1) + "\n")
    found = {}
    for name in EXPERIMENTS:
        files = sorted(KEPT.glob(f"{name}.json")) + sorted(KEPT.glob(f"{name}-seed*.json"))
        if files:
            found[name] = [json.loads(file.read_text()) for file in files]
    TABLE.write_text(table(found))
    print(f"wrote {TABLE} with {len(found)} experiments")


if __name__ == "__main__":
    main()
