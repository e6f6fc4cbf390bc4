"""Super-resolution: errors on other grids, in and beyond the training band."""

from __future__ import annotations

from typing import Any

import xarray as xr

from neurop.errors import InputError
from neurop.evaluation import example
from neurop.plots import error_by_resolution, superres_spectra
from neurop.report.blocks import Section, Table, Text
from neurop.report.octaves import octave_tables
from neurop.report.pictures import picture
from neurop.report.results import Results
from neurop.report.text import number
from neurop.report.viewer import viewer

COLUMNS = {
    "relative_l2": "relative L2",
    "relative_l2_in_band": "in the training band",
    "relative_l2_beyond_band": "beyond it",
    "truth_beyond_band": "nothing predicted beyond",
    "relative_l2_interpolated": "training grid, interpolated",
}
DRAWN = ("train_resolution", "resolution", "train_shape", "axes", *COLUMNS)


def section(results: Results) -> Section | None:
    """Return the numbers and figures of ``superres/``; None if it does not exist."""
    record = results.folder.record("superres", "superres.json")
    grids = record.get("resolutions")
    if not isinstance(grids, dict):
        return None
    rows = [
        [number(one.get("shape")), one.get("samples"), *(one.get(name) for name in COLUMNS)]
        for one in grids.values()
    ]
    title = f"Errors by resolution; trained at {record.get('train_resolution')} points"
    blocks: list[Any] = [
        Table(title, ["points", "samples", *COLUMNS.values()], rows),
    ]
    if record.get("warning"):
        blocks.insert(0, Text(f"Warning: {record['warning']}"))
    scores = results.folder.dataset("superres", *DRAWN)
    if scores is not None:
        blocks += octave_tables(scores, "resolution", range(scores.sizes["resolution"]))
        blocks += _figures(results, scores)
    return Section("superres", "Super-resolution", blocks)


def _figures(results: Results, scores: xr.Dataset) -> list[Any]:
    made: list[Any] = [
        picture(
            lambda: error_by_resolution(scores),
            "Relative L2 error against resolution: the whole field, and parts of the spectrum.",
            "One set of weights on several grids.",
        )
    ]
    try:
        made.append(
            picture(
                lambda: superres_spectra(scores),
                "Power spectra of truth and prediction at each resolution.",
                "Power spectra at each resolution.",
            )
        )
        shown = [example(scores, int(r)) for r in scores.resolution.values]
    except (KeyError, ValueError, IndexError) as error:
        raise InputError.in_file(
            results.folder.path / "superres" / "superres.nc",
            f"not the result of neurop superres ({error}); run it again",
        ) from error
    made.append(
        viewer(
            "superres-fields",
            "Resolution",
            [" × ".join(map(str, one.truth.shape[1:])) + " points" for one in shown],
            [one.truth for one in shown],
            [one.prediction for one in shown],
            "The first test sample at each resolution, truth and prediction on one scale.",
        )
    )
    return made
