"""Common parts of the verbs that show error bands: tables and figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurop.errors import InputError
from neurop.evaluation import coverage, with_bands
from neurop.evaluation.batches import check_compatible, coordinates, field_coordinate
from neurop.evaluation.forecasts import forecasts, known_leads, starts_of
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import blank
from neurop.inference.bands import bands_of
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.evaluating import evaluating
from neurop.plots import save
from neurop.plots.bands import bands as bands_figure
from neurop.plots.style import step_text
from neurop.surrogate import Surrogate

from ._console import table
from ._evaluation import Task, finite_or_none
from ._say import say

ROWS = 3


def level_of(level: Any, surrogate: Surrogate) -> float | None:
    """Return the level of the bands; None for that of the calibration.

    Raises
    ------
    InputError
        If it is no probability, the surrogate has no bands, or their samples are too few for it.
    """
    if level is None:
        return None
    if surrogate.bands is None:
        remedy = "the surrogate has no bands; calibrate it first: neurop calibrate ckpt="
        raise InputError.of("level", level, remedy)
    surrogate.bands.factor(level)
    return float(level)


def coverage_on(
    surrogate: Surrogate, test: FieldSet, level: float | None, batch_size: int
) -> xr.Dataset | None:
    """Return the coverage of the bands of a surrogate; None, with a note, if they have none."""
    if surrogate.bands is None:
        return None
    try:
        return coverage(surrogate, test, level, batch_size)
    except InputError as error:
        say(f"note: no coverage of the bands: {error}", file=sys.stderr)
        return None


def banded(
    surrogate: Surrogate, run: xr.Dataset, truth: FieldSet, level: float | None
) -> xr.Dataset:
    """Return a rollout with the bands of its surrogate; without, if they cannot be judged."""
    if surrogate.bands is None:
        return run
    try:
        return with_bands(surrogate, run, truth, level)
    except InputError as error:
        say(f"note: no bands: {error}", file=sys.stderr)
        return run


def half_width_table(task: Task, bands: Calibration) -> None:
    """Print the mean half-width of up to six lead times and every field."""
    half, counts = bands.mean_half_width(), bands.counts
    scale = task.surrogate.scale.double().cpu().numpy()
    rows: list[list[object]] = [
        [
            int(lead) + 1,
            field.name,
            int(counts[lead, index]),
            finite_or_none(half[lead, index]),
            field.unit or None,
            finite_or_none(half[lead, index] / scale[index]),
        ]
        for lead in np.unique(np.linspace(0, bands.leads - 1, 6).astype(int))
        for index, field in enumerate(task.surrogate.card.outputs)
    ]
    say(f"with a probability of at least {bands.level:g}, {bands.guarantee.statement}")
    title = f"{100 * bands.level:g} % bands of {task.surrogate.name} on {task.source.name}"
    columns = ["lead", "field", "samples", "half-width, mean", "unit", "in deviations of the field"]
    table(title, columns, rows)


def say_bands(surrogate: Surrogate, level: float | None) -> None:
    """Print the names of the bands in a file of predictions, and what they hold."""
    bands = bands_of(surrogate)
    names = ", ".join(f"{f.name}_lower and {f.name}_upper" for f in surrogate.card.outputs)
    percent = 100 * (bands.level if level is None else level)
    say(f"{percent:g} % bands, {names}: {bands.guarantee.statement}")


def coverage_table(found: xr.Dataset) -> None:
    """Print the result of :func:`neurop.evaluation.coverage` for up to six lead times."""
    chosen = np.unique(np.linspace(0, found.sizes["lead"] - 1, 6).astype(int))
    rows: list[list[object]] = [
        [
            int(one.lead),
            str(one.field.item()),
            finite_or_none(one.coverage),
            _between(one.expected_low, one.expected_high),
            finite_or_none(one.area),
            finite_or_none(one.half_width),
        ]
        for lead in chosen
        for one in (found.isel(lead=lead, field=i) for i in range(found.sizes["field"]))
    ]
    count = int(found.forecasts.max())
    say(f"covered: {found.attrs['guarantee']}")
    table(
        f"coverage of the {100 * found.attrs['level']:g} % bands, {count} forecasts",
        ["lead", "field", "coverage", "if exchangeable", "area inside", "half-width, mean"],
        rows,
    )


def _between(low: xr.DataArray, high: xr.DataArray) -> str | None:
    """Return two bounds as text; None if they are not known."""
    return f"{float(low):.3f} to {float(high):.3f}" if np.isfinite(float(low)) else None


def coverage_record(found: xr.Dataset) -> dict[str, Any]:
    """Return the result of :func:`neurop.evaluation.coverage` as plain values."""
    names = ("coverage", "expected_low", "expected_high", "area", "half_width", "forecasts")
    return {
        "level": found.attrs["level"],
        "guarantee": found.attrs["guarantee"],
        **{
            name: {str(f): found[name].sel(field=f).values for f in found.field.values}
            for name in names
        },
    }


def rollout_table(run: xr.Dataset) -> None:
    """Print the coverage of the bands of a rollout."""
    coverage_table(_of_rollout(run))


def rollout_record(run: xr.Dataset) -> dict[str, Any]:
    """Return the coverage of the bands of a rollout as plain values."""
    return coverage_record(_of_rollout(run))


def _of_rollout(run: xr.Dataset) -> xr.Dataset:
    names = [name for name in run.data_vars if str(name).startswith("band_")]
    found = run[names].rename({name: str(name).removeprefix("band_") for name in names})
    about = {key: run.attrs[f"band_{key}"] for key in ("level", "guarantee")}
    counts = run.truth.notnull().any(run.truth.dims[3:]).sum("sample")
    found["forecasts"] = counts.astype(int)
    return found.rename(step="lead").assign_attrs(about)


def draw_rollout(run: xr.Dataset, field: int, path: Path) -> None:
    """Draw the bands of the first sample of a rollout, at some of its steps."""
    shown = run.isel(sample=0, field=field)
    there = np.flatnonzero(shown.lower.notnull().any(shown.lower.dims[1:]))
    chosen = there[np.unique(np.linspace(0, len(there) - 1, ROWS).astype(int))]
    rows = [
        (one.truth, one.prediction, (one.upper - one.lower).assign_coords(one.truth.coords) / 2)
        for one in (shown.isel(step=i) for i in chosen)
    ]
    labels = [step_text(run, i) for i in chosen]
    save(bands_figure(rows, labels), path)


def draw_bands(
    task: Task, data: FieldSet, field: int, path: Path, level: float | None = None
) -> None:
    """Draw the bands of the first forecast of a set: some lead times, or samples of a map."""
    surrogate, bands = task.surrogate, bands_of(task.surrogate)
    data = check_compatible(surrogate, data)
    starts = starts_of(surrogate, data, bands.about["start"], bands.about["every"])
    reach = known_leads(surrogate, data, starts)
    first = starts[: ROWS if data.has_targets else 1]
    steps = min(bands.leads, reach[0])
    with evaluating(surrogate):
        (batch,) = forecasts(surrogate, data, first, steps, ROWS)
    half = np.broadcast_to(bands.half_width(data.shape, level)[:steps], batch.truth.shape)
    inside = data.inside
    if inside is not None and len(inside) > 1:
        inside = inside[[sample for sample, _ in first]]
    arrays = [
        blank(values, inside)
        for values in (batch.truth.cpu().numpy(), batch.predicted.cpu().numpy(), half)
    ]
    dims = ("sample", "lead", "field", *data.grid.names)
    coords = field_coordinate(surrogate.card.outputs) | coordinates(data)
    shown = [xr.DataArray(a, coords, dims).isel(field=field) for a in arrays]
    if data.has_targets:
        rows = [tuple(one.isel(sample=i, lead=0) for one in shown) for i in range(len(first))]
        labels = [f"sample {i}" for i in range(len(first))]
    else:
        chosen = np.unique(np.linspace(0, steps - 1, ROWS).astype(int))
        rows = [tuple(one.isel(sample=0, lead=i) for one in shown) for i in chosen]
        labels = [f"step {i + 1}" for i in chosen]
    save(bands_figure(rows, labels), path)
