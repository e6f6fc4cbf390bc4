"""Rollout: error growth, correlation, spectra and drift."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from neurop.plots import error_growth, rollout_spectra
from neurop.plots.style import readable_time
from neurop.report.blocks import Section, Table, Text
from neurop.report.octaves import octave_tables
from neurop.report.pictures import picture
from neurop.report.results import Results
from neurop.report.text import number, with_unit

CURVES = (
    "relative_l2",
    "persistence_relative_l2",
    "correlation",
    "time",
    "step",
    "correlation_time_0.9",
    "first_divergent_step",
    "known_steps",
)
SPECTRA = ("spectrum_truth", "spectrum_prediction", "wavenumber", "field", "unit")
SUMMARY = {
    "trajectory_relative_l2": "relative L2 error of the trajectory",
    "correlation_time_0.9": "time until the correlation falls below 0.9",
    "correlation_time_0.8": "time until the correlation falls below 0.8",
}
LATE = {
    "mean_bias": "bias of the mean over space, last tenth of the steps",
    "mid_band_drift": "drift of the middle third of the spectrum, last tenth",
}
ROWS = 8
COLUMNS = 4
MOST_FIGURES = 3


def section(results: Results) -> Section | None:
    """Return the numbers of ``rollout.json``, or of the rollout that was made for the report."""
    rolled = results.rollout
    if rolled is None:
        return None
    record = results.folder.record("rollout", "rollout.json")
    stored = results.folder.dataset("rollout", *CURVES)
    run = rolled if stored is None or not record else _by_lead(stored)
    samples = rolled.sizes["sample"] if run is rolled else record.get("samples")
    mean = f"Mean over {number(samples)} test samples" if samples != 1 else "One test sample"
    blocks: list[Any] = [
        Text(
            f"{mean}, run autoregressively for {run.sizes['step']} steps from the first frames "
            "alone and compared with persistence, the forecast that nothing changes."
        ),
        _summary(run, {} if run is rolled else record),
        _steps(run),
        picture(
            lambda: error_growth(run),
            "Relative L2 error and correlation over the time of the rollout.",
            "Error growth and correlation with the truth.",
        ),
    ]
    blocks += octave_tables(run, "step", _chosen(run, COLUMNS))
    with_spectra = run if {*map(str, run.variables)}.issuperset(SPECTRA) else rolled
    blocks += _spectra(with_spectra)
    return Section("rollout", "Rollout", blocks)


def _by_lead(stored: xr.Dataset) -> xr.Dataset:
    """Return a stored rollout whose ``time`` counts from its start, as in one just computed."""
    if "lead" not in stored.variables:
        return stored
    return stored.drop_vars("time", errors="ignore").rename(lead="time")


def _summary(run: xr.Dataset, record: Mapping[str, Any]) -> Table:
    unit = str(run.time.attrs.get("units", "1"))
    rows: list[list[Any]] = []
    for name, text in SUMMARY.items():
        if name not in run:
            continue
        value = float(run[name])
        if not name.startswith("correlation"):
            rows.append([text, value])
        elif np.isfinite(value):
            (time,), readable = readable_time([value], unit)
            rows.append([with_unit(text, readable), float(time)])
        else:
            rows.append([text, "never"])
    gone = float(run.first_divergent_step)
    rows.append(["first divergent step", int(gone) if np.isfinite(gone) else "none"])
    for name, text in LATE.items():
        if isinstance(record.get(name), Mapping):
            rows += [[f"{text}: {field}", value] for field, value in record[name].items()]
    return Table("Summary", (), rows)


def _chosen(run: xr.Dataset, number: int) -> list[int]:
    """Return indices of steps over the time for which the truth is known."""
    known = int(run.attrs["known_steps"]) or run.sizes["step"]
    return sorted({round(i) for i in np.linspace(0, known - 1, number)})


def _steps(run: xr.Dataset) -> Table:
    chosen = _chosen(run, ROWS)
    time, unit = readable_time(run.time.values, str(run.time.attrs.get("units", "1")))
    rows = [
        [int(run.step[i]), float(time[i])]
        + [
            float(run[name][i])
            for name in ("relative_l2", "persistence_relative_l2", "correlation")
        ]
        for i in chosen
    ]
    columns = ["step", with_unit("time", unit), "relative L2", "persistence", "correlation"]
    return Table("Errors by lead time", columns, rows)


def _spectra(run: xr.Dataset) -> list[Any]:
    return [
        picture(
            partial(rollout_spectra, run, index),
            f"Power spectra of {run.field.values[index]}, truth and prediction, at several steps.",
            f"Power spectra of {run.field.values[index]}.",
        )
        for index in range(min(run.sizes["field"], MOST_FIGURES))
    ]
