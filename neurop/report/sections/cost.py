"""Cost: parameters, time and memory of the training, and time of a call."""

from __future__ import annotations

from typing import Any

from neurop.report.blocks import Section, Table
from neurop.report.results import Results
from neurop.report.text import time_text

NAMES = {
    "epochs": "epochs",
    "steps": "optimizer steps",
    "step_ms": "time of a step (ms)",
    "waiting_share": "share of the time waiting for data",
    "peak_mb": "largest memory of the process (MB)",
}


def section(results: Results) -> Section:
    """Return the records of the training and of the evaluation."""
    train = results.folder.record("train.json")
    rows: list[list[Any]] = [["parameters", results.surrogate.parameters_count()]]
    for name, text in (("seconds", "training, with validation"), ("train_seconds", "in steps")):
        if train.get(name) is not None:
            rows.append([text, time_text(train[name])])
    rows += [[text, train[name]] for name, text in NAMES.items() if train.get(name) is not None]
    rows += [[name, value] for name, value in results.call.items()]
    return Section("cost", "Cost", [Table("Training and evaluation", (), rows)])
