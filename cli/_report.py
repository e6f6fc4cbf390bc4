"""The report of ``neurop eval report=true``: what the run folder lacks is computed, then drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
import xarray as xr

from neurop.evaluation import rollout
from neurop.fields.fieldset import FieldSet
from neurop.inference.evaluating import evaluating
from neurop.report import Results, write_report
from neurop.report.run_folder import RunFolder
from neurop.surrogate import Surrogate

from ._cards import card, strip_markup
from ._evaluation import Task
from ._say import say

ABOUT = ("Fields", "Grid", "Source")
SAMPLES, STEPS = 4, 100
"""Most samples and steps of the rollout that is made for the report."""
CALLS = 5


def report(
    task: Task, scores: xr.Dataset, record: dict[str, Any], test: FieldSet, batch_size: int
) -> Path:
    """Write ``report.html`` into the run folder, or next to the results on other data.

    Parameters
    ----------
    task
        Surrogate, data and folders.
    scores, record
        Result of the evaluation, and the content of eval.json.
    test
        Data of the evaluation.
    batch_size
        Samples per call of the surrogate.
    """
    model = Path(task.record["checkpoint"])
    run = model.parent if (model.parent / "config.yaml").is_file() else task.folder
    own = task.folder.resolve() == (run / "eval").resolve()
    # The card of the reader of any file says nothing about the file.
    known = {} if task.source.name == "file" else card(task.source.name)
    results = Results(
        RunFolder(run, model, record.get("data_settings")),
        task.surrogate,
        scores,
        record,
        _rollout(task, test, batch_size),
        {heading: strip_markup(known[heading]) for heading in ABOUT if heading in known},
        _cost_of_a_call(task.surrogate),
    )
    missing = [verb for verb in ("superres",) if not (run / verb).is_dir()]
    for verb in missing:
        say(f"report: neurop {verb} ckpt={run} would add its section", file=sys.stderr)
    return write_report(results, (run if own else task.folder) / "report.html")


def _rollout(task: Task, test: FieldSet, batch_size: int) -> xr.Dataset | None:
    """Return a rollout of the first samples to the end of the truth; None for a map."""
    history = task.surrogate.card.history
    if not task.surrogate.card.is_state:
        return None
    some = test.samples(slice(SAMPLES))
    steps = min(some.values.shape[1] - history, STEPS)
    return rollout(task.surrogate, some, steps, 0, task.source.invariants, batch_size)


def _cost_of_a_call(surrogate: Surrogate) -> dict[str, Any]:
    """Return the median time of a call for one sample of the training grid."""
    known = surrogate.card
    like = next(surrogate.parameters())
    x = torch.zeros(1, known.in_channels - known.given_channels, *known.shape).to(like)
    given = torch.zeros(1, known.given_channels, *known.shape).to(like)
    times = []
    with evaluating(surrogate):
        for _ in range(CALLS + 1):
            start = perf_counter()
            surrogate(x, given=given if known.given_channels else None)
            if like.is_cuda:
                torch.cuda.synchronize(like.device)
            times.append(1e3 * (perf_counter() - start))
    median = sorted(times[1:])[CALLS // 2]
    points = " × ".join(map(str, known.shape))
    return {f"time of a call, one sample of {points} points (ms)": median}
