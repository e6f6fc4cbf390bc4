"""``neurop superres``: score a surrogate on other grids than it was trained on."""

from __future__ import annotations

import sys
from typing import Any

import xarray as xr
from omegaconf import DictConfig

from neurop.evaluation import example, superres
from neurop.evaluation.coarse_solver import coarse_solver, in_equal_time
from neurop.evaluation.resolutions import finer_sets, shape_at
from neurop.evaluation.superres import SCORES
from neurop.fields.fieldset import FieldSet
from neurop.plots import error_by_resolution, fields, save, superres_spectra

from . import _octaves
from ._console import table, wrote
from ._evaluation import (
    Task,
    as_ints,
    drawn_fields,
    finite_or_none,
    prepare,
    values_by_field,
    write_netcdf,
)
from ._output import write_json
from ._say import say

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
        Relative L2 error on the finest grid, and that of interpolation.
    """
    asked = None if cfg.resolutions is None else as_ints("resolutions", cfg.resolutions, 2)
    task = prepare(cfg, "superres")
    drawn = drawn_fields(cfg.field, task.surrogate)
    card = task.surrogate.card
    truths = (
        {resolution: task.source.at(shape_at(resolution, card)) for resolution in asked}
        if asked
        else finer_sets(task.source, card, _say_skipped)
    )
    scores = superres(task.surrogate, truths, cfg.batch_size)
    solved = {
        resolution: coarse_solver(task.surrogate, task.source, data, cfg.batch_size)
        for resolution, data in truths.items()
        if resolution > task.surrogate.card.shape[0]
    }
    coarse = {resolution: found for resolution, found in solved.items() if found is not None}
    _write(task, scores, truths, coarse, drawn)
    names = [f.name for f in card.outputs]
    several = names if len(names) > 1 else []
    rows = [
        [
            int(r),
            *(finite_or_none(scores[name][i]) for name in COLUMNS),
            *(finite_or_none(scores.relative_l2_field[i].sel(field=name)) for name in several),
        ]
        for i, r in enumerate(scores.resolution.values)
    ]
    table(
        f"{task.surrogate.name} on {task.source.name}, trained at {task.surrogate.card.shape[0]}",
        ["resolution", *COLUMNS.values(), *(f"of {name}" for name in several)],
        rows,
    )
    _octaves.show_along(scores, "resolution", range(scores.sizes["resolution"]))
    for resolution, found in coarse.items():
        say(in_equal_time(scores, found, resolution))
    if scores.attrs["verdict"]:
        say(scores.attrs["verdict"])
    if scores.attrs["warning"]:
        say(f"warning: {scores.attrs['warning']}", file=sys.stderr)
    wrote(task.folder)
    return {name: float(scores[name][-1]) for name in ("relative_l2", "relative_l2_interpolated")}


def _say_skipped(resolution: int, reason: str) -> None:
    say(f"no {resolution} points: {reason}", file=sys.stderr)


def _write(
    task: Task,
    scores: xr.Dataset,
    truths: dict[int, FieldSet],
    coarse: dict[int, xr.Dataset],
    drawn: dict[int, str],
) -> None:
    train = int(scores.train_resolution)
    record = task.record | {
        "train_resolution": train,
        "warning": scores.attrs["warning"] or None,
        "verdict": scores.attrs["verdict"] or None,
        "coarse_solver": {
            str(resolution): {
                str(int(one.points)): {name: float(one[name]) for name in found}
                for one in (found.isel(points=i) for i in range(found.sizes["points"]))
            }
            for resolution, found in coarse.items()
        },
        "resolutions": {
            str(resolution): {name: float(scores[name][index]) for name in SCORES}
            | {
                "train_resolution": train,
                "shape": list(truths[resolution].shape),
                "samples": len(truths[resolution]),
                "seconds": float(scores.seconds[index]),
            }
            | {
                "data_hash": truths[resolution].digest(),
                "relative_l2_field": values_by_field(scores.relative_l2_field[index]),
            }
            for index, resolution in enumerate(int(r) for r in scores.resolution.values)
        },
    }
    record |= _octaves.record(scores)
    write_netcdf(task.folder / "superres.nc", scores)
    write_json(task.folder / "superres.json", record)
    save(error_by_resolution(scores), task.folder / "superres.png")
    labels = [
        "x".join(map(str, truths[int(resolution)].shape)) for resolution in scores.resolution.values
    ]
    for field, end in drawn.items():
        shown = [example(scores, int(r)).isel(field=field) for r in scores.resolution.values]
        save(
            fields([one.truth for one in shown], [one.prediction for one in shown], labels),
            task.folder / f"superres_fields{end}.png",
        )
        save(superres_spectra(scores, field), task.folder / f"superres_spectra{end}.png")
