"""``neurop calibrate``: error bands of a surrogate, from held-out data."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.evaluation import calibrate
from neurop.evaluation.leads import with_lead
from neurop.fields.fieldset import FieldSet
from neurop.inference.conformal import REGISTRY
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.conformal.file import FILE, write_bands
from neurop.inference.conformal.rank import check_level, rank
from neurop.problems import LeadTimes, Map

from ._bands import draw_bands, half_width_table
from ._console import wrote
from ._evaluation import Task, as_int, field_index, prepare, split_of
from ._output import write_json
from ._say import say
from ._settings.build import build
from ._trained_on import trained_on

SPLITS = ("val", "test", "all")


def run(cfg: DictConfig) -> dict[str, Any]:
    """Calibrate ``cfg.ckpt``; write its bands, calibrate.json and a figure.

    Returns
    -------
    dict
        Mean half-width of the first and the last lead time, of the first field.

    Raises
    ------
    InputError
        If a setting cannot be used, or there are too few samples for the level.
    """
    level = check_level(cfg.level)
    start = as_int("start", cfg.start, 0)
    steps, every, lead = (
        None if cfg[name] is None else as_int(name, cfg[name], 1)
        for name in ("steps", "every", "lead_time")
    )
    if cfg.split not in SPLITS:
        remedy = "the surrogate was fitted to it; " if cfg.split == "train" else ""
        raise InputError.of("split", cfg.split, f"{remedy}choose from {', '.join(SPLITS)}")
    guarantee = build(cfg.guarantee)
    REGISTRY.name_of(type(guarantee))
    task = prepare(cfg, "calibrate")
    model = Path(task.record["checkpoint"])
    if not model.is_dir() or not os.access(model, os.W_OK):
        raise InputError.of("ckpt", str(model), "cannot be written; copy the run to a folder")
    field = field_index(cfg.field, task.surrogate)
    train = with_lead(task.surrogate, trained_on(cfg, task), lead)
    held_out = with_lead(task.surrogate, split_of(task.source, cfg.split), lead)
    how = {"steps": steps, "start": start, "every": every, "batch_size": cfg.batch_size}
    _check_starts(task, how)
    bands = calibrate(task.surrogate, train, held_out, guarantee, level, **how)
    notes = _notes(cfg, task, bands)
    bands = replace(bands, about=bands.about | {"split": str(cfg.split), "notes": notes})
    task.surrogate.bands = bands
    _write(task, bands, held_out, field)
    write_bands(model, bands, task.surrogate.state_dict())
    half_width_table(task, bands)
    for note in notes:
        say(f"note: {note}")
    say(f"bands: {model / FILE}")
    wrote(task.folder)
    mean = bands.mean_half_width()[:, 0]
    return {"half_width": float(mean[0]), "half_width_last": float(mean[-1])}


def _check_starts(task: Task, how: dict[str, Any]) -> None:
    """Raise InputError for settings of starts and steps that a surrogate does not have."""
    problem = task.surrogate.card.problem
    if isinstance(problem, LeadTimes) and how["start"]:
        remedy = (
            "a surrogate of several lead times is calibrated from the first frame; leave it out"
        )
        raise InputError.of("start", how["start"], remedy)
    for name, default in {"steps": None, "start": 0, "every": None}.items():
        if isinstance(problem, Map) and how[name] != default:
            raise InputError.of(name, how[name], "is for an evolution; leave it out for a map")


def _notes(cfg: DictConfig, task: Task, bands: Calibration) -> list[str]:
    """Return what the coverage depends on beyond exchangeable samples."""
    notes = []
    own = cfg.get("data") is None and cfg.get("change") is None
    if own and cfg.split == "val":
        others = "data.path=... split=all" if task.source.name == "file" else "data.storage.seed=1"
        notes.append(
            "the validation split also chose the checkpoint, so the coverage is exact up to that "
            f"choice; for an exact one calibrate on other samples, {others}"
        )
    count = int(bands.counts.min())
    if rank(count, bands.level) == count:
        notes.append(
            f"the largest error of {count} samples sets the width; a lower level, or more held-out "
            "samples, do not let a single one set it"
        )
    if cfg.every is not None:
        notes.append(
            "several forecasts of one trajectory depend on each other: the coverage is approximate"
        )
    return notes


def _write(task: Task, bands: Calibration, held_out: FieldSet, field: int) -> None:
    names = [f.name for f in task.surrogate.card.outputs]
    factor, half = bands.factor(), bands.mean_half_width()

    def by_field(values: Any) -> dict[str, Any]:
        return {name: values[:, index] for index, name in enumerate(names)}

    scores = np.sort(bands.scores, 0)
    record = task.record | {
        **bands.about,
        "samples": len(held_out),
        "resolution": list(held_out.shape),
        "guarantee": REGISTRY.spec_of(bands.guarantee).to_dict(),
        "statement": f"with a probability of at least {bands.level:g}, {bands.guarantee.statement}",
        "leads": bands.leads,
        "unit": {f.name: f.unit for f in task.surrogate.card.outputs},
        "forecasts_per_lead": by_field(bands.counts),
        "factor": by_field(factor),
        "mean_half_width": by_field(half),
        "largest_score": by_field(np.nanmax(scores, 0)),
    }
    write_json(task.folder / "calibrate.json", record)
    draw_bands(task, held_out, field, task.folder / "calibrate.png")
