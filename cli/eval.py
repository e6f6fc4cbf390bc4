"""``neurop eval``: score a trained surrogate on its test set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr
from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.evaluation import score, truncation_floor
from neurop.evaluation.leads import with_lead
from neurop.evaluation.octaves import octave_floor
from neurop.evaluation.score import LEADS
from neurop.fields.fieldset import FieldSet
from neurop.fields.same_units import in_units
from neurop.fields.statistics import summary
from neurop.plots import fields, forecast_skill, save
from neurop.plots.style import readable_time

from . import _octaves, _weather
from ._bands import coverage_on, coverage_record, coverage_table, draw_bands, level_of
from ._console import table, wrote
from ._correction import correcting
from ._ensemble import is_ensemble, prepare_ensemble, run_ensemble
from ._evaluation import (
    Task,
    as_int,
    as_ints,
    drawn_fields,
    finite_or_none,
    prepare,
    split_of,
    values_by_field,
    with_unit,
    write_netcdf,
)
from ._output import write_json
from ._protocol import run_protocol
from ._report import report

SKILLS = ("rmse", "persistence_rmse", "climatology_rmse", "acc", "persistence_acc")


def run(cfg: DictConfig) -> dict[str, Any]:
    """Score ``cfg.ckpt`` on its data; write eval.json, eval.nc and figures.

    Returns
    -------
    dict
        Mean and largest relative L2 error of one step; of a protocol, its results in short.

    Raises
    ------
    InputError
        If a setting cannot be used.
    """
    leads = None if cfg.leads is None else as_ints("leads", cfg.leads, 1)
    lead = None if cfg.lead_time is None else as_int("lead_time", cfg.lead_time, 1)
    if not isinstance(cfg.report, bool):
        raise InputError.of("report", cfg.report, "give true or false")
    if is_ensemble(cfg):
        if cfg.report:
            raise InputError.of("report", cfg.report, "is of one surrogate; leave it out")
        for group in ("correct", "protocol"):
            if cfg.get(group) is not None:
                remedy = "is of one surrogate; leave it out"
                raise InputError.of(group, cfg[group]._target_, remedy)
        task, surrogates = prepare_ensemble(cfg, "eval")
        test = with_lead(task.surrogate, split_of(task.source, cfg.split), lead)
        return run_ensemble(cfg, "eval", task, surrogates, test, _reach(leads, task, test))
    if cfg.get("protocol") is not None:
        return run_protocol(cfg, lead)
    verb = "eval" if cfg.get("correct") is None else "eval-corrected"
    task = prepare(cfg, verb)
    level = level_of(cfg.level, task.surrogate)
    drawn = drawn_fields(cfg.field, task.surrogate)
    test = with_lead(task.surrogate, split_of(task.source, cfg.split), lead)
    if cfg.get("correct") is not None:
        task = correcting(cfg, task, test)
    climatology = None
    if "climatology" in task.source.baselines:
        known, train = task.surrogate.card, task.source.splits()["train"]
        climatology = _climatology(in_units(train, known.inputs, known.outputs))
    scores = score(task.surrogate, test, climatology, leads, cfg.batch_size)
    floor = truncation_floor(task.surrogate, test, cfg.batch_size)
    if floor is not None:
        scores["truncation_floor"] = (
            (),
            floor,
            {"long_name": "relative L2 error of the best band-limited fields, mean", "units": "1"},
        )
    if (best := octave_floor(task.surrogate, test, cfg.batch_size)) is not None:
        scores["octave_floor"] = best
    covered = coverage_on(task.surrogate, test, level, cfg.batch_size)
    chosen = scores.lead.values.tolist() if "lead" in scores.dims else []
    forecasts = _weather.forecasts(task, test, chosen, cfg.batch_size)
    record = _write(task, scores, forecasts, covered, test, str(cfg.split), drawn, verb)
    _show(task, scores, str(cfg.split))
    _octaves.show(scores)
    if covered is not None:
        coverage_table(covered)
    if forecasts is not None:
        _weather.show(forecasts)
    if cfg.report:
        wrote(report(task, scores, record, test, cfg.batch_size))
    wrote(task.folder)
    return {
        "relative_l2": float(scores.relative_l2),
        "relative_l2_worst": float(scores.relative_l2_worst),
    }


def _reach(leads: list[int] | None, task: Task, test: FieldSet) -> int | None:
    """Return the number of steps of an ensemble: the longest lead time."""
    if not task.surrogate.card.is_state:
        return None
    known = test.values.shape[1] - task.surrogate.card.history
    return max(leads or [lead for lead in LEADS if lead <= known], default=None)


def _climatology(train: FieldSet) -> Any:
    """Return the mean state of the training period, ``(channel, *grid)``."""
    return summary(train, pointwise=True).values.mean


def _write(
    task: Task,
    scores: xr.Dataset,
    weather: xr.Dataset | None,
    covered: xr.Dataset | None,
    test: FieldSet,
    split: str,
    drawn: dict[int, str],
    verb: str,
) -> dict[str, Any]:
    """Write the files; return the content of the record, which has the name of the verb."""
    named = (
        "relative_l2",
        "relative_l2_median",
        "relative_l2_worst",
        "persistence_relative_l2",
        "truncation_floor",
    )
    names = [n for n in named if n in scores]
    record = task.record | {
        "split": split,
        "samples": len(test),
        "resolution": list(test.shape),
        "data_hash": test.digest(),
    }
    record |= {name: float(scores[name]) for name in names} | {
        "worst_sample": int(scores.worst_sample)
    }
    record |= {
        "relative_l2_field": values_by_field(scores.relative_l2_field),
        "rmse": values_by_field(scores.rmse_one_step),
    }
    record["unit"] = {
        name: unit or None
        for name, unit in zip(
            scores.field.values.tolist(), scores.unit.values.tolist(), strict=True
        )
    }
    record |= _octaves.record(scores)
    if "lead" in scores.dims:
        record["time_unit"] = task.surrogate.card.sampling.unit
        record["forecasts"] = [
            {
                "lead": int(one.lead),
                "lead_time": float(one.lead_time) if "lead_time" in one.coords else None,
            }
            | {name: values_by_field(one[name]) for name in SKILLS if name in one}
            for one in (scores.isel(lead=i) for i in range(scores.sizes["lead"]))
        ]
    if covered is not None:
        record["bands"] = coverage_record(covered)
        for field, end in drawn.items():
            place = task.folder / f"bands{end}.png"
            draw_bands(task, test, field, place, covered.attrs["level"])
    if weather is not None:
        record |= _weather.record(weather)
        scores = scores.merge(_weather.variables(weather), compat="override", join="exact")
    write_netcdf(task.folder / "eval.nc", scores)
    write_json(task.folder / f"{verb}.json", record)
    for field, end in drawn.items():
        _draw(task.folder, scores, test, field, end)
    return record


def _draw(folder: Path, scores: xr.Dataset, test: FieldSet, field: int, end: str) -> None:
    """Write the figures of one field."""
    shown = scores.isel(field=field)
    rows = range(scores.sizes["example"])
    given = []
    if "input" in scores:
        named = scores.input.isel(input_field=0)
        unit = test.fields[0].unit
        given = [
            named.isel(example=i).assign_coords(field=str(scores.input_name[0].item()), unit=unit)
            for i in rows
        ]
    labels = [str(name) for name in scores.example_name.values]
    truth, prediction = (
        [shown[kind].isel(example=i) for i in rows] for kind in ("truth", "prediction")
    )
    save(fields(truth, prediction, labels, given), folder / f"fields{end}.png")
    if "lead" in scores.dims and scores.sizes["lead"] > 1:
        save(forecast_skill(scores, field), folder / f"forecasts{end}.png")


def _show(task: Task, scores: xr.Dataset, split: str) -> None:
    title = (
        f"{task.surrogate.name} on {task.source.name} ({split}), {scores.attrs['samples']} samples"
    )
    rows: list[list[object]] = [
        ["relative L2, mean", finite_or_none(scores.relative_l2)],
        ["relative L2, median", finite_or_none(scores.relative_l2_median)],
        [
            f"relative L2, worst (sample {int(scores.worst_sample)})",
            finite_or_none(scores.relative_l2_worst),
        ],
    ]
    if "persistence_relative_l2" in scores:
        rows.append(["relative L2 of persistence", finite_or_none(scores.persistence_relative_l2)])
    if "truncation_floor" in scores:
        rows.append(
            ["relative L2 beyond the model's modes", finite_or_none(scores.truncation_floor)]
        )
    for name, value in values_by_field(scores.rmse_one_step).items():
        unit = str(scores.unit.sel(field=name).item())
        rows.append([f"RMSE of {with_unit(name, unit)}", value])
    table(title, ["metric", "value"], rows)
    if "lead" not in scores.dims:
        return
    skills = [name for name in SKILLS if name in scores]
    times: Any = None
    unit = ""
    if "lead_time" in scores.coords:
        times, unit = readable_time(
            scores.lead_time.values, str(scores.lead_time.attrs.get("units", "1"))
        )
        if unit == "1" and (times == scores.lead.values).all():
            times = None
    forecasts: list[list[object]] = [
        [
            int(one.lead),
            *([times[lead]] if times is not None else []),
            with_unit(str(one.field.item()), str(one.unit.item())),
            *(finite_or_none(one[name]) for name in skills),
        ]
        for lead in range(scores.sizes["lead"])
        for one in (scores.isel(lead=lead, field=i) for i in range(scores.sizes["field"]))
    ]
    table(
        "forecasts from every start",
        [
            "lead",
            *([with_unit("time", unit)] if times is not None else []),
            "field",
            *(name.replace("_", " ") for name in skills),
        ],
        forecasts,
    )
