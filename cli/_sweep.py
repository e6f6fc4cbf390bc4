"""Results of a sweep (``-m``): one record per job, and their table."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from ._console import table, wrote
from ._output import write_json, write_text
from ._runs import prune

RECORD, SUMMARY = "job.json", "summary.csv"


def sweep_folder(args: list[str]) -> tuple[Path, list[str]]:
    """Return the folder of a sweep, and the arguments with that folder.

    It is chosen before Hydra starts, since the table is written after Hydra has returned.
    """
    given = [
        a.removeprefix("hydra.sweep.dir=").strip("'\"")
        for a in args
        if a.startswith("hydra.sweep.dir=")
    ]
    if given:
        return Path(given[-1]), args
    first = Path("runs", "sweeps", datetime.now().strftime("%Y%m%d-%H%M%S"))
    for number in count(1):  # another sweep may begin in the same second
        folder = first if number == 1 else first.with_name(f"{first.name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    return folder, [*args, f"hydra.sweep.dir={folder.as_posix()}"]


def headline(result: object) -> float:
    """Return the number that a sweep minimises, NaN if there is none.

    Of a training it is the validation error, which the verb returns first: the test set must not
    choose between jobs.
    """
    numbers = list(_metrics(result).values())
    return numbers[0] if numbers else math.nan


def record(
    folder: Path,
    job: int,
    overrides: Sequence[str],
    result: object = None,
    error: str | None = None,
    wrong: bool = False,
) -> None:
    """Write the record of a job: its overrides, and its metrics or its error.

    Parameters
    ----------
    folder
        Folder of the job.
    job
        Number of the job.
    overrides
        Overrides of the job.
    result
        Metrics that the verb returned.
    error
        Error message of one line.
    wrong
        Whether the user can correct the error.
    """
    write_json(
        folder / RECORD,
        {
            "job": job,
            "overrides": list(overrides),
            "metrics": _metrics(result),
            "error": error,
            "wrong": wrong,
        },
    )


def summarise(folder: Path) -> tuple[int, list[str]]:
    """Write ``summary.csv`` of a sweep and print it; return exit status and error messages.

    The best job is the one with the lowest :func:`headline`. If no job could be started, the folder
    is removed.
    """
    jobs = sorted(
        (json.loads(path.read_text()) for path in folder.glob(f"*/{RECORD}")),
        key=lambda job: job["job"],
    )
    if jobs and all(job["wrong"] for job in jobs):
        discard(folder)
        return 2, list(dict.fromkeys(job["error"] for job in jobs))
    if not jobs:
        return 0, []
    keys = list(dict.fromkeys(key for job in jobs for key in _settings(job)))
    metrics = list(dict.fromkeys(name for job in jobs for name in job["metrics"]))
    done = [job for job in jobs if metrics and job["metrics"].get(metrics[0]) is not None]
    best = min(done, key=lambda job: job["metrics"][metrics[0]])["job"] if done else None
    errors = ["error"] if any(job["error"] for job in jobs) else []
    columns = ["job", *keys, *metrics, "best", *errors]
    rows = [
        [
            job["job"],
            *(_settings(job).get(key) for key in keys),
            *(job["metrics"].get(name) for name in metrics),
            "best" if job["job"] == best else "",
            *([job["error"] or ""] if errors else []),
        ]
        for job in jobs
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(folder / SUMMARY, text.getvalue())
    # The printed table leaves out the settings that all jobs share.
    shown = [
        c for c, name in enumerate(columns) if name not in keys or len({row[c] for row in rows}) > 1
    ]
    table(
        f"{len(jobs)} jobs", [columns[c] for c in shown], [[row[c] for c in shown] for row in rows]
    )
    wrote(folder)
    return (1 if errors else 0), []


def discard(folder: Path) -> None:
    """Remove the folder of a sweep without a completed job."""
    for path in (*folder.glob(f"*/{RECORD}"), folder / "multirun.yaml"):
        path.unlink(missing_ok=True)
    for job in folder.glob("*/"):
        prune(job)
    prune(folder)


def _metrics(result: object) -> dict[str, float]:
    if isinstance(result, Mapping):
        return {
            str(name): float(value)
            for name, value in result.items()
            if isinstance(value, int | float)
        }
    return {"value": float(result)} if isinstance(result, int | float) else {}


def _settings(job: dict[str, Any]) -> dict[str, str]:
    return dict(override.split("=", 1) for override in job["overrides"] if "=" in override)
