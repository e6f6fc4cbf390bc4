"""Errors by octaves of the wavenumber in the records of an evaluation and on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from neurop.metrics.octaves import octave_names

from ._console import table
from ._evaluation import finite_or_none

NAMES = ("relative_l2", "error_share", "truth_share", "floor")


def record(scores: xr.Dataset) -> dict[str, Any]:
    """Return the entry ``octaves`` of a record; empty if there are none."""
    if "octave" not in scores.dims:
        return {}
    ends = zip(scores.octave.values.tolist(), scores.octave_end.values.tolist(), strict=True)
    found: dict[str, Any] = {"wavenumbers": [list(pair) for pair in ends]}
    for name in (name for name in NAMES if f"octave_{name}" in scores):
        values = scores[f"octave_{name}"]
        found[name] = {str(field): values.sel(field=field).values for field in scores.field.values}
    return {"octaves": found}


def show_along(scores: xr.Dataset, dim: str, chosen: Sequence[int]) -> None:
    """Print the errors by octave at some steps or resolutions, the mean over fields."""
    if "octave" not in scores.dims:
        return
    means = scores.octave_relative_l2.mean("field").isel({dim: list(chosen)})
    rows = [
        [words, *(finite_or_none(value) for value in means.isel(octave=index))]
        for index, words in enumerate(_octaves(scores))
    ]
    columns = ["octave", *(f"{dim} {int(at)}" for at in means[dim].values)]
    table(f"relative L2 by octaves of the {scores.octave.attrs['comment']}", columns, rows)


def _octaves(scores: xr.Dataset) -> list[str]:
    """Return the first and last wavenumber of each octave in words."""
    return octave_names(zip(scores.octave.values, scores.octave_end.values, strict=True))


def show(scores: xr.Dataset) -> None:
    """Print the errors by octave, the mean over fields."""
    if "octave" not in scores.dims:
        return
    known = [name for name in NAMES if f"octave_{name}" in scores]
    means = {name: scores[f"octave_{name}"].mean("field") for name in known}
    rows = [
        [words, *(finite_or_none(means[name][index]) for name in known)]
        for index, words in enumerate(_octaves(scores))
    ]
    names = {
        "relative_l2": "relative L2",
        "error_share": "share of error",
        "truth_share": "share of truth",
        "floor": "best of its modes",
    }
    title = f"one step by octaves of the {scores.octave.attrs['comment']}"
    table(title, ["octave", *(names[name] for name in known)], rows)
