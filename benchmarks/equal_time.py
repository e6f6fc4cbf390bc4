"""The models of a data set after the same time of training.

python benchmarks/equal_time.py [EXPERIMENT ...] [--budget 3min] [--seeds 0 1] [--runs FOLDER]

Runs `neurop compare` for the models that have no result in benchmarks/equal_time/, with the
settings of the data set and those of a model alone in SETTINGS, then writes the tables of
benchmarks/EQUAL_TIME.md, README.md and docs/benchmarks.md. The first seed is that of all models;
the others are of those whose error is less than twice the smallest.
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
PAGES = (HERE.parent / "README.md", HERE.parent / "docs" / "benchmarks.md")
BEGIN, END = "<!-- table of benchmarks/equal_time.py -->", "<!-- end of the table -->"
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
DEEP = {
    "unet": "{model: {width: 8, levels: 6}, optimizer: {lr: 1e-3}}",
    "cnextunet": "{model: {width: 4, levels: 6}, loader: {batch_size: 4}}",
}
SETTINGS: dict[str, dict[str, str]] = {
    "burgers_cpu": DEEP,
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
    "trajectory",
    "parameters",
    "step_ms",
    "inference_ms",
    "peak_mb",
    "train_seconds",
    "steps",
    "failed",
)


def results(experiment: str) -> list[dict[str, Any]]:
    """Return what was compared before: one result per command."""
    file = KEPT / f"{experiment}.json"
    return json.loads(file.read_text()) if file.is_file() else []


def missing(experiment: str, seed: int, first: int) -> list[str]:
    """Return the models that have no result of a seed."""
    rows = [(one["seed"], row) for one in results(experiment) for row in one["models"]]
    wanted = [*EXPERIMENTS[experiment], *BASELINES]
    if seed != first:
        errors = {
            row["model"]: row["error"] for of, row in rows if of == first and row.get("steps")
        }
        wanted = [name for name, error in errors.items() if error < 2 * min(errors.values())]
    made = {row["model"] for of, row in rows if of == seed}
    # Of a map, persistence is no further model: it has no row.
    return [name for name in wanted if name not in made and (name in SPHERE or not made)]


def compared(
    experiment: str, models: list[str], budget: str, seed: int, folder: Path
) -> dict[str, Any]:
    """Return the result of a comparison."""
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
    command = [sys.executable, "-m", "neurop", *words, f"hydra.run.dir={folder}"]
    subprocess.run(command, check=True)
    found = json.loads((folder / "compare.json").read_text())
    about = {key: found[key] for key in ("data", "data_hash", "test_hash", "samples", "machine")}
    rows = [{key: row[key] for key in KEYS if key in row} for row in found["models"]]
    return {"command": f"neurop {shlex.join(words)}", "seed": seed, **about, "models": rows}


def over_seeds(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return one row per model: the mean error over its seeds, costs of the first."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        for row in one["models"]:
            rows.setdefault(row["model"], []).append(row)
    means = {}
    for name, seeds in rows.items():
        means[name] = dict(seeds[0], seeds=seeds)
        for key in ("error", "trajectory"):
            if seeds[0].get(key) is not None:
                means[name][key] = statistics.fmean(one[key] for one in seeds)
    return means


def errors(found: dict[str, list[dict[str, Any]]], keys: tuple[str, ...]) -> list[str]:
    """Return a Markdown table of errors: one row per experiment, one column per model."""
    names = [*SPHERE, *BASELINES]
    lines = ["| experiment | " + " | ".join(names) + " |", "|---" + "|--:" * len(names) + "|"]
    for experiment, ones in found.items():
        rows = over_seeds(ones)
        # A trajectory of one step is no further result.
        best = {
            key: min(row[key] for row in rows.values() if row.get(key) is not None)
            for key in keys
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
    return lines


def costs(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a Markdown table of every model's seeds and costs."""
    lines = [
        "| experiment | model | steps | s | error | ms per step | MB | parameters |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for experiment, ones in found.items():
        for name, row in over_seeds(ones).items():
            if row.get("steps"):
                seeds = row["seeds"]
                numbers = (
                    experiment,
                    name,
                    ", ".join(f"{one['steps']:.0f}" for one in seeds),
                    ", ".join(f"{one['train_seconds']:.0f}" for one in seeds),
                    ", ".join(f"{one['error']:.3g}" for one in seeds),
                    f"{row['step_ms']:.1f}",
                    f"{row['peak_mb']:.0f}",
                    f"{row['parameters']:,}",
                )
                lines.append("| " + " | ".join(map(str, numbers)) + " |")
    return lines


def write(found: dict[str, list[dict[str, Any]]]) -> None:
    """Write all numbers, and the errors of one step into README and the documentation."""
    lines = [
        "# Models after the same time of training",
        "",
        "Relative L2 error of one step or of a map on the test set, mean over fields and seeds; of",
        "an evolution, after the comma, that of a trajectory of ten steps. The smallest is bold.",
        "Models with less than twice the smallest error of one step have two seeds.",
        "The steps of a time are counted before the training; the seconds are those that it took.",
        "Made by `python benchmarks/equal_time.py`.",
        "",
        *errors(found, ("error", "trajectory")),
        "",
        "Training steps, seconds of training and error of each seed; costs of the first:",
        "",
        *costs(found),
        "",
        "Commands:",
        "",
        *(f"- `{one['command']}`" for ones in found.values() for one in ones),
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for page in PAGES:
        head, rest = page.read_text(encoding="utf-8").split(BEGIN)
        text = "\n".join([BEGIN, *errors(found, ("error",)), END])
        page.write_text(head + text + rest.split(END, 1)[1], encoding="utf-8")


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
            if models := missing(experiment, seed, given.seeds[0]):
                folder = given.runs / f"{experiment}-seed{seed}"
                made = compared(experiment, models, given.budget, seed, folder)
                text = json.dumps([*results(experiment), made], indent=1)
                (KEPT / f"{experiment}.json").write_text(text + "\n")
    found = {name: ones for name in EXPERIMENTS if (ones := results(name))}
    write(found)
    print(f"wrote {TABLE} with {len(found)} experiments")


if __name__ == "__main__":
    main()
