"""Ensembles in ``eval`` and ``rollout``: ``ckpt=[run,run]``, or ``members=``."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from omegaconf import DictConfig, ListConfig

from neurop.errors import InputError
from neurop.evaluation import ensemble
from neurop.fields.fieldset import FieldSet
from neurop.plots import reliability, save
from neurop.surrogate import Surrogate

from ._console import table, wrote
from ._evaluation import (
    Task,
    device,
    field_index,
    finite_or_none,
    prepare,
    values_by_field,
    write_netcdf,
)
from ._members import check_members, draw
from ._output import write_json
from ._runs import find

BY_FIELD = ("rmse", "spread", "spread_over_error", "crps", "mae", "member_rmse")
COLUMNS = {
    "rmse": "RMSE of mean",
    "spread": "spread",
    "spread_over_error": "spread / error",
    "crps": "fair CRPS",
    "mae": "MAE of a member",
}


def is_ensemble(cfg: DictConfig) -> bool:
    """Return whether settings ask for an ensemble: a list of runs, or a number of members."""
    given = (cfg.members, cfg.members_from)
    return isinstance(cfg.ckpt, ListConfig) or any(one is not None for one in given)


def prepare_ensemble(cfg: DictConfig, verb: str) -> tuple[Task, list[Surrogate]]:
    """Return the task of the first run of an ensemble, and the surrogates of all.

    Raises
    ------
    InputError
        If a run is named twice, or the settings are those of a single surrogate.
    """
    names = [str(name) for name in cfg.ckpt] if isinstance(cfg.ckpt, ListConfig) else [cfg.ckpt]
    if not names:
        raise InputError.of("ckpt", [], "give two or more runs: ckpt=[run,run]")
    check_members(cfg)
    if len(names) < 2 and cfg.members is None:
        raise InputError.of("ckpt", names, "is one run; add others, or members=")
    if cfg.level is not None:
        raise InputError.of("level", cfg.level, "is of the bands of one surrogate; leave it out")
    found = [find(name) for name in names]
    folders = [one.model.resolve() for one in found]
    for index, folder in enumerate(folders):
        if folder in folders[:index]:
            raise InputError.of("ckpt", names[index], "is named twice; give each run once")
    first = cfg.copy()
    first.ckpt = names[0]
    task = prepare(first, f"{verb}_ensemble")
    where = device(str(cfg.device))
    others = [Surrogate.load(one.model).to(where).eval() for one in found[1:]]
    task.record["checkpoint"] = [str(one.model) for one in found]
    return task, [task.surrogate, *others]


def run_ensemble(
    cfg: DictConfig,
    verb: str,
    task: Task,
    surrogates: list[Surrogate],
    test: FieldSet,
    steps: int | None,
    start: int = 0,
) -> dict[str, Any]:
    """Score an ensemble; write ``<verb>_ensemble.json``, ensemble.nc and a figure.

    Returns
    -------
    dict
        Spread over error and fair CRPS of the last step, of the first field.

    Raises
    ------
    InputError
        If the runs do not belong together, or a setting cannot be used.
    """
    field = field_index(cfg.field, task.surrogate)
    surrogates, origin, perturbation = draw(cfg, task, surrogates)
    scores = ensemble(surrogates, test, steps, start, perturbation, cfg.batch_size)
    record = task.record | {
        "samples": len(test),
        "resolution": list(test.shape),
        "data_hash": test.digest(),
        "members": scores.attrs["members"],
        "members_from": origin,
        "perturbation": None if perturbation is None else perturbation.size,
        "steps": scores.sizes["step"],
        "start": cfg.get("start", 0),
        "time": scores.time.values,
        "time_unit": str(scores.time.attrs["units"]),
        "unit": {f.name: f.unit for f in task.surrogate.card.outputs},
        "energy_score": scores.energy_score.values,
        "level": scores.level.values,
    }
    for name in (*BY_FIELD, "rank_frequency", "interval_coverage"):
        record[name] = {str(f): scores[name].sel(field=f).values for f in scores.field.values}
    write_json(task.folder / f"{verb}_ensemble.json", record)
    write_netcdf(task.folder / "ensemble.nc", scores)
    save(reliability(scores, field), task.folder / "ensemble.png")
    _show(task, scores)
    wrote(task.folder)
    last = scores.isel(step=-1)
    return {
        name: next(iter(values_by_field(last[name]).values()))
        for name in ("spread_over_error", "crps")
    }


def _show(task: Task, scores: xr.Dataset) -> None:
    chosen = np.unique(np.linspace(0, scores.sizes["step"] - 1, 6).astype(int))
    rows: list[list[object]] = [
        [
            int(one.step),
            str(one.field.item()),
            *(finite_or_none(one[name]) for name in COLUMNS),
            finite_or_none(scores.energy_score[index]),
        ]
        for index in chosen
        for one in (scores.isel(step=index, field=i) for i in range(scores.sizes["field"]))
    ]
    title = (
        f"ensemble of {scores.attrs['members']} on {task.source.name}, "
        f"{scores.sizes['sample']} samples"
    )
    table(title, ["step", "field", *COLUMNS.values(), "energy score"], rows)
