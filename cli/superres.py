"""``neurop superres``: score a surrogate on other grids than it was trained on."""

from __future__ import annotations

import sys
from typing import Any

import xarray as xr
from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.evaluation import example, superres
from neurop.evaluation.superres import SCORES
from neurop.fields.fieldset import FieldSet
from neurop.plots import error_by_resolution, fields, save, superres_spectra
from neurop.surrogate import Surrogate

from ._console import table, wrote
from ._evaluation import (
    Task,
    as_ints,
    field_index,
    finite_or_none,
    prepare,
    values_by_field,
    write_netcdf,
)
from ._output import write_json

FACTORS = (1, 2, 4)
COLUMNS = {
    "relative_l2": "relative L2",
    "relative_l2_in_band": "in band",
    "relative_l2_beyond_band": "beyond band",
    "truth_beyond_band": "truth beyond band",
    "relative_l2_interpolated": "interpolated",
}


def run(cfg: DictConfig) -> dict[str, Any]:
    """Score ``cfg.ckpt`` at ``cfg.resolutions``; write superres.json, superres.nc and figures.

    Returns
    -------
    dict
        The error at the finest grid and that of interpolation.
    """
    asked = None if cfg.resolutions is None else as_ints("resolutions", cfg.resolutions, 2)
    task = prepare(cfg, "superres")
    field = field_index(cfg.field, task.surrogate)
    truths = _given(task, asked) if asked else _usual(task)
    scores = superres(task.surrogate, truths, cfg.batch_size)
    _write(task, scores, truths, field)
    rows = [
        [int(r), *(finite_or_none(scores[name][i]) for name in COLUMNS)]
        for i, r in enumerate(scores.resolution.values)
    ]
    table(
        f"{task.surrogate.name} on {task.source.name}, trained at {task.surrogate.card.shape[0]}",
        ["resolution", *COLUMNS.values()],
        rows,
    )
    if scores.attrs["warning"]:
        print(f"warning: {scores.attrs['warning']}", file=sys.stderr)
    wrote(task.folder)
    return {name: float(scores[name][-1]) for name in ("relative_l2", "relative_l2_interpolated")}


def shape_at(resolution: int, surrogate: Surrogate) -> tuple[int, ...]:
    """Return the grid whose first axis has `resolution` points, the other axes in the proportion of
    the training grid.

    An axis that holds both its ends has one point more than it has intervals.
    """
    ends = [int(axis.layout == "ends") for axis in surrogate.card.grid.axes]
    factor = (resolution - ends[0]) / (surrogate.card.shape[0] - ends[0])
    return tuple(
        max(round((n - end) * factor) + end, 2)
        for n, end in zip(surrogate.card.shape, ends, strict=True)
    )


def _given(task: Task, asked: list[int]) -> dict[int, FieldSet]:
    shapes = {resolution: shape_at(resolution, task.surrogate) for resolution in asked}
    return {resolution: task.source.at(shape) for resolution, shape in shapes.items()}


def _usual(task: Task) -> dict[int, FieldSet]:
    """Return the test set on the training grid and on twice and four times as fine ones, as far
    as the data go.
    """
    end = int(task.surrogate.card.grid.axes[0].layout == "ends")
    points = task.surrogate.card.shape[0] - end
    found: dict[int, FieldSet] = {}
    reason = ""
    for factor in FACTORS:
        resolution = points * factor + end
        try:
            found[resolution] = task.source.at(shape_at(resolution, task.surrogate))
        except InputError as error:
            reason = str(error)
            print(f"no {resolution} points: {error}", file=sys.stderr)
    if not any(data.shape != task.surrogate.card.shape for data in found.values()):
        raise InputError(
            f"the data have no other grid than that of the training ({reason}); give data=<name> "
            "or resolutions=[...]"
        )
    return found


def _write(task: Task, scores: xr.Dataset, truths: dict[int, FieldSet], field: int) -> None:
    train = int(scores.train_resolution)
    record = task.record | {
        "train_resolution": train,
        "warning": scores.attrs["warning"] or None,
        "resolutions": {
            str(resolution): {name: float(scores[name][index]) for name in SCORES}
            | {
                "train_resolution": train,
                "shape": list(truths[resolution].shape),
                "samples": len(truths[resolution]),
            }
            | {
                "data_hash": truths[resolution].digest(),
                "relative_l2_field": values_by_field(scores.relative_l2_field[index]),
            }
            for index, resolution in enumerate(int(r) for r in scores.resolution.values)
        },
    }
    write_json(task.folder / "superres.json", record)
    write_netcdf(task.folder / "superres.nc", scores)
    shown = [
        example(scores, int(resolution)).isel(field=field)
        for resolution in scores.resolution.values
    ]
    labels = [
        "x".join(map(str, truths[int(resolution)].shape)) for resolution in scores.resolution.values
    ]
    save(error_by_resolution(scores), task.folder / "superres.png")
    save(
        fields([one.truth for one in shown], [one.prediction for one in shown], labels),
        task.folder / "superres_fields.png",
    )
    save(superres_spectra(scores, field), task.folder / "superres_spectra.png")
