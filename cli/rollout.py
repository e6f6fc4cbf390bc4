"""``neurop rollout``: run a surrogate autoregressively."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.evaluation import rollout
from neurop.evaluation.climate import climate_drift
from neurop.evaluation.leads import step_of, with_lead
from neurop.fields.clock import Clock, clock_of
from neurop.fields.fieldset import FieldSet
from neurop.plots import animate, error_growth, fields, rollout_spectra, save
from neurop.plots.style import readable_time, step_text
from neurop.problems import LeadTimes
from neurop.surrogate import Surrogate

from . import _octaves, _weather
from ._bands import banded, draw_rollout, level_of, rollout_record, rollout_table
from ._console import table, wrote
from ._ensemble import is_ensemble, prepare_ensemble, run_ensemble
from ._evaluation import (
    Task,
    as_int,
    drawn_fields,
    finite_or_none,
    prepare,
    with_unit,
    write_netcdf,
)
from ._output import write_json

PER_STEP = ("relative_l2", "persistence_relative_l2", "correlation")
TIMES = ("correlation_time_0.9", "correlation_time_0.8")
LATE = {"": ("tenth", 0.1), "_half": ("half", 0.5)}
ROWS = 4


def run(cfg: DictConfig) -> dict[str, Any]:
    """Run ``cfg.ckpt`` autoregressively; write rollout.json, rollout.nc, figures and an animation.

    Returns
    -------
    dict
        Relative L2 error of the trajectory, and the time until the correlation falls below 0.9.

    Raises
    ------
    InputError
        If a setting cannot be used, or the surrogate is a map.
    """
    start = as_int("start", cfg.start, 0)
    steps = None if cfg.steps is None else as_int("steps", cfg.steps, 1)
    samples = None if cfg.samples is None else as_int("samples", cfg.samples, 1)
    lead = None if cfg.lead_time is None else as_int("lead_time", cfg.lead_time, 1)
    if not isinstance(cfg.gif, bool):
        raise InputError.of("gif", cfg.gif, "give true or false")
    surrogates: list[Surrogate] = []
    if is_ensemble(cfg):
        task, surrogates = prepare_ensemble(cfg, "rollout")
    else:
        task = prepare(cfg, "rollout")
    level = level_of(cfg.level, task.surrogate)
    if not task.surrogate.card.is_state:
        raise InputError(
            f"{task.record['checkpoint']} maps inputs to targets and has no time to roll out; use "
            "neurop eval or superres",
            "ckpt",
            task.record["checkpoint"],
        )
    drawn = drawn_fields(cfg.field, task.surrogate)
    held_out = task.source.test()
    test = with_lead(task.surrogate, held_out.samples(slice(samples)), lead, start)
    # Frames of several lead times begin at the start already, which counts frames of the data.
    first = 0 if isinstance(task.surrogate.card.problem, LeadTimes) else start
    if steps is None:
        steps = test.values.shape[1] - task.surrogate.card.history - first
        if steps < 1:
            frames = held_out.values.shape[1]
            raise InputError(
                f"start={start} leaves none of {frames} frames to predict; lower it or give steps=",
                "start",
                start,
            )
    if surrogates:
        return run_ensemble(cfg, "rollout", task, surrogates, test, steps, first)
    result = rollout(task.surrogate, test, steps, first, task.source.invariants, cfg.batch_size)
    result.attrs["start"] = start
    result = banded(task.surrogate, result, test, level)
    weather = _weather.of_rollout(task, test, result, first)
    _write(task, result, weather, test, drawn, cfg.gif, _clock(task.surrogate, test, first))
    _show(task, result)
    wrote(task.folder)
    return {
        "relative_l2": float(result.trajectory_relative_l2),
        "correlation_time_0.9": float(result["correlation_time_0.9"]),
    }


def _clock(surrogate: Surrogate, test: FieldSet, first: int) -> Clock | None:
    """Return the times of the steps after the input frames, of which `first` is the first."""
    step, unit = step_of(surrogate, test)
    history = surrogate.card.history
    given = None if test.times is None else test.times[first : first + history]
    return clock_of(given, 1.0 if step is None else step, unit, history)


def _write(
    task: Task,
    result: xr.Dataset,
    weather: xr.Dataset | None,
    test: FieldSet,
    drawn: dict[int, str],
    animation: bool,
    clock: Clock | None,
) -> None:
    gone = float(result.first_divergent_step)
    record = task.record | {
        "samples": len(test),
        "resolution": list(test.shape),
        "data_hash": test.digest(),
    }
    record |= {
        "steps": result.sizes["step"],
        "start": result.attrs["start"],
        "known_steps": result.attrs["known_steps"],
    }
    record |= {"time": result.time.values, "time_unit": str(result.time.attrs["units"])}
    record |= {name: result[name].values for name in PER_STEP} | {
        name: float(result[name]) for name in TIMES
    }
    record |= {
        "trajectory_relative_l2": float(result.trajectory_relative_l2),
        "first_divergent_step": int(gone) if np.isfinite(gone) else None,
    }
    record |= {
        str(name): result[name].mean("sample").values
        for name in result.data_vars
        if "_drift" in str(name) and "sample" in result[name].dims
    }
    record["relative_l2_field"] = {
        str(f): result.relative_l2_field.sel(field=f).values for f in result.field.values
    }
    if "lower" in result:
        record["bands"] = rollout_record(result)
    record |= _octaves.record(result)
    record["spectrum_error"] = result.spectrum_error.mean("field").values
    for mark, (_, share) in LATE.items():
        record |= {
            f"{name}{mark}": dict(zip(result.field.values, found.values))
            for name, found in climate_drift(result, share).items()
        }
    stored = result
    if weather is not None:
        record |= _weather.record(weather)
        # The scores end with the truth.
        stored = result.merge(_weather.variables(weather), compat="override", join="left")
    write_netcdf(task.folder / "rollout.nc", stored, clock)
    write_json(task.folder / "rollout.json", record)
    save(error_growth(result), task.folder / "rollout_error.png")
    for field, end in drawn.items():
        _draw(task.folder, result, field, end, animation)


def _draw(folder: Path, result: xr.Dataset, field: int, end: str, animation: bool) -> None:
    """Write the figures and the animation of one field."""
    shown = result.isel(sample=0, field=field)
    known = result.attrs["known_steps"] or result.sizes["step"]
    chosen = np.unique(np.linspace(0, known - 1, ROWS).astype(int))
    truth, prediction = (
        [shown[kind].isel(step=i) for i in chosen] for kind in ("truth", "prediction")
    )
    texts = [step_text(result, int(i)).replace(" (", "\n(") for i in chosen]
    save(fields(truth, prediction, texts), folder / f"rollout{end}.png")
    save(rollout_spectra(result, field), folder / f"rollout_spectra{end}.png")
    if "lower" in result:
        draw_rollout(result, field, folder / f"rollout_bands{end}.png")
    if animation:
        animate(result, folder / f"rollout{end}.gif", field=field)


def _show(task: Task, result: xr.Dataset) -> None:
    chosen = np.unique([*np.linspace(0, result.sizes["step"] - 1, 6).astype(int)])
    times, unit = readable_time(result.time.values, str(result.time.attrs["units"]))
    counted = unit == "1" and np.array_equal(times, result.step)
    names = [str(name) for name in result.field.values]
    several = names if len(names) > 1 else []
    rows: list[list[object]] = [
        [
            int(result.step[i]),
            *([] if counted else [float(times[i])]),
            *(finite_or_none(result[name][i]) for name in PER_STEP),
            *(finite_or_none(result.relative_l2_field.sel(field=name)[i]) for name in several),
        ]
        for i in chosen
    ]
    title = f"{task.surrogate.name} on {task.source.name}, {result.sizes['sample']} samples"
    columns = ["step", *([] if counted else [with_unit("time", unit)])]
    columns += ["relative L2", "persistence", "correlation", *(f"of {name}" for name in several)]
    table(title, columns, rows)
    known = result.attrs["known_steps"] or result.sizes["step"]
    _octaves.show_along(
        result, "step", np.unique(np.linspace(0, known - 1, ROWS).astype(int)).tolist()
    )
    factor = times[-1] / float(result.time[-1])
    lost, gone = (
        finite_or_none(result["correlation_time_0.9"]),
        finite_or_none(result.first_divergent_step),
    )
    headline: list[list[object]] = [
        ["relative L2 of the trajectory", finite_or_none(result.trajectory_relative_l2)],
        [
            with_unit("time until the correlation falls below 0.9", unit),
            "never" if lost is None else lost * factor,
        ],
        ["first divergent step", "none" if gone is None else int(gone)],
    ]
    for word, share in LATE.values():
        # Only the field with the largest drift is shown.
        found = climate_drift(result, share)
        bias, drift, error = (
            found[name].values for name in ("mean_bias", "mid_band_drift", "mid_band_drift_error")
        )
        most = int(np.abs(drift).argmax())
        headline.append(
            [f"bias of the mean, last {word} of the steps", finite_or_none(max(bias, key=abs))]
        )
        spread = f" ± {error[most]:.3f}" if np.isfinite(error[most]) else ""
        text = f"{drift[most]:+.3f}{spread}" if np.isfinite(drift[most]) else None
        headline.append([f"drift of the middle third of the spectrum, last {word}", text])
    table("summary", ["metric", "value"], headline)
    if "lower" in result:
        rollout_table(result)
