"""Turn run folders into a table: ``make results``.

    python benchmarks/results.py [RUN ...]

Store the results of the runs in benchmarks/runs/, then write benchmarks/RESULTS.md. A run counts if
it was started with ``experiment=``; its anchor, the published number to compare it with, is in the
header of ``conf/experiment/<name>.yaml``.
"""

from __future__ import annotations

import hashlib
import json
import re
import statistics
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
KEPT, TABLE = HERE / "runs", HERE / "RESULTS.md"
EXPERIMENTS = HERE.parent / "conf" / "experiment"
KEYS = (
    "seconds",
    "step_ms",
    "peak_mb",
    "parameters",
    "epochs",
    "steps",
    "seed",
    "data_hash",
    "train_shape",
)
LONGEST = 100
"""Largest number of values per step of a rollout that are stored; others stay in the run folder."""
CLIMATE = 1000
"""Steps of a rollout from which on its statistics are reported."""
COLUMNS = (
    "experiment",
    "model",
    "error",
    "parameters",
    "ms per step",
    "s",
    "MB",
    "seed",
    "data",
    "device",
    "published",
)


def keep(run: Path) -> Path | None:
    """Write the results of a run to benchmarks/runs; None if it has no experiment or no end."""
    if not (run / "train.json").is_file():
        return None
    words = yaml.safe_load((run / "overrides.yaml").read_text())
    named = {word.split("=", 1)[0].lstrip("+~"): word.split("=", 1)[-1] for word in words}
    if named.get("experiment") in (None, "null"):
        return None
    record, versions = (
        json.loads((run / name).read_text()) for name in ("train.json", "versions.json")
    )
    found: dict[str, Any] = {
        "experiment": named["experiment"],
        "model": record["model"],
        "data": record["data"],
    }
    found |= {key: record.get(key) for key in KEYS} | {
        k: v for k, v in record.items() if k.startswith("test/")
    }
    for verb in ("eval", "rollout", "superres"):
        if (run / verb / f"{verb}.json").is_file():
            read = json.loads((run / verb / f"{verb}.json").read_text())
            short = {
                key: value
                for key, value in read.items()
                if not isinstance(value, list) or len(value) <= LONGEST
            }
            found[verb] = {
                key: value for key, value in short.items() if key != "checkpoint"
            }  # a path
    given = [word for word in words if not word.startswith("hydra.")]
    found |= {"command": "neurop train " + " ".join(given), "versions": versions}
    KEPT.mkdir(exist_ok=True)
    changed = settings(found)
    mark = f"-{hashlib.sha256(' '.join(changed).encode()).hexdigest()[:6]}" if changed else ""
    device = "gpu" if versions.get("gpu") else "cpu"
    name = f"{found['experiment']}-{found['model']}{mark}-seed{found['seed']}-{device}.json"
    file = KEPT / name
    file.write_text(json.dumps(found, indent=1) + "\n")
    return file


def settings(found: dict[str, Any]) -> list[str]:
    """Return the settings of a run's command in addition to those of its experiment."""
    return sorted(word for word in found["command"].split()[2:] if "." in word.split("=")[0])


def anchor(experiment: str) -> str:
    """Return the published number of an experiment, from the line ``# published: ...`` of its
    file.
    """
    file = EXPERIMENTS / f"{experiment}.yaml"
    match = (
        re.search(r"^# published: (.*)$", file.read_text(), re.MULTILINE)
        if file.is_file()
        else None
    )
    return match[1] if match else ""


def row(found: list[dict[str, Any]]) -> list[str]:
    """Return the cells of runs that differ in their seed alone: means, and for the error of the
    test the smallest and largest too.
    """
    first = found[0]
    errors = scores(found, "test/relative_l2")
    error = f"{statistics.mean(errors):.4g}" + (
        f" ({min(errors):.4g} to {max(errors):.4g})" if len(errors) > 1 else ""
    )
    key = next((k for k in first if k.startswith("test/trajectory") and "_1_" not in k), "")
    if several := scores(found, key):
        error += f", over {key.split('_')[1]} steps {statistics.mean(several):.4g}"
    if runs := [one["rollout"] for one in found if "rollout" in one]:
        errors = scores(runs, "trajectory_relative_l2")
        steps, start = runs[0]["known_steps"], runs[0]["start"]
        error += f", over {steps} steps from frame {start} {statistics.mean(errors):.4g}"
        if runs[0]["known_steps"] >= CLIMATE and "mid_band_drift_half" in runs[0]:
            error += f", drift of the spectrum's middle over the last half {drift(runs[0])} %"
    device = first["versions"].get("gpu") or f"{first['versions']['threads']} CPU threads"
    costs = [
        [one[k] for one in found if one.get(k) is not None]
        for k in ("parameters", "step_ms", "seconds", "peak_mb")
    ]
    numbers = [f"{round(statistics.mean(cost), 2):,}" if cost else "" for cost in costs]
    seeds = ", ".join(str(one["seed"]) for one in found)
    return [
        first["experiment"],
        named(first),
        error,
        *numbers,
        seeds,
        f"`{first['data_hash']}`",
        device,
        anchor(first["experiment"]),
    ]


def scores(found: list[dict[str, Any]], name: str) -> list[float]:
    """Return the values of a score."""
    return [one[name] for one in found if one.get(name) is not None]


def drift(run: dict[str, Any]) -> str:
    """Return the drift of each field in per cent, with its standard error if there are samples
    enough to know it.
    """
    errors = run.get("mid_band_drift_error_half", {})
    known = {name: f" ± {100 * error:.0f}" for name, error in errors.items() if error is not None}
    return ", ".join(
        f"{100 * value:+.0f}{known.get(name, '')}"
        for name, value in run["mid_band_drift_half"].items()
    )


def named(found: dict[str, Any]) -> str:
    """Return the model of a run with the settings that its command changed."""
    return " ".join([found["model"], *map(short, settings(found))])


def short(word: str) -> str:
    """Return a setting without its group; that of a removed one with a tilde."""
    name = word.split(".", 1)[1]
    return f"~{name}" if word.lstrip("'").startswith("~") else name


def table(kept: list[dict[str, Any]]) -> str:
    """Return RESULTS.md."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for found in sorted(kept, key=lambda found: found["seed"]):
        alike = found["experiment"], named(found), found["data_hash"], found["versions"].get("gpu")
        groups.setdefault(alike, []).append(found)
    rows = sorted(
        groups.values(),
        key=lambda group: (
            group[0]["experiment"],
            statistics.mean(scores(group, "test/relative_l2")),
        ),
    )
    lines = [
        "# Results of the experiments",
        "",
        "Errors are relative L2 on the test set, the mean over fields. Where a row has several "
        "seeds its numbers",
        "are their means, with the smallest and largest error. One JSON per run is in `runs/`. "
        "Made by `make results`.",
        "Models after the same time of training, with local and linear ones: "
        "[EQUAL_TIME.md](EQUAL_TIME.md).",
        "",
    ]
    lines += [" | ".join(["", *COLUMNS, ""]).strip(), "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join(row(group))} |" for group in rows]
    lines += [
        "",
        "Commands:",
        "",
        *(f"- `{found['command']}`" for group in rows for found in group),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Keep the runs that are named, or all below runs/, and write the table."""
    runs = [Path(word) for word in sys.argv[1:]] or [
        file.parent for file in sorted(Path("runs").glob("**/train.json"))
    ]
    for run in runs:
        if (file := keep(run)) is not None:
            print(f"kept {file}")
    kept = [json.loads(file.read_text()) for file in sorted(KEPT.glob("*.json"))]
    if not kept:
        sys.exit(
            "no run of an experiment below runs/; start one: neurop train experiment=burgers_cpu "
            "model=fno"
        )
    TABLE.write_text(table(kept))
    print(f"wrote {TABLE} with {len(kept)} runs")


if __name__ == "__main__":
    main()
