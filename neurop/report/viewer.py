"""Viewers of fields: panels of truth, prediction and error, a frame for each position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from neurop.plots.orientation import plane, raster, slice_text
from neurop.plots.panels import error_scale, scale
from neurop.report import panel
from neurop.report.blocks import Panel, Viewer
from neurop.report.raster import image
from neurop.report.text import plain_unit, with_unit

MOST_BYTES = 2_400_000
"""Size of the images of all viewers of a page, of a page of 5 MB."""
MOST_FIELDS = 12
FEWEST, MOST = 4, 48
"""Limits of the number of positions."""


def positions(truth: xr.DataArray, over: str, share: float = 1.0) -> list[int]:
    """Return the evenly spaced indices of `over` for which there is room in the page.

    Parameters
    ----------
    truth
        Fields ``(over, field, *grid)``.
    over
        Dimension of the slider.
    share
        Share of the page for this viewer.
    """
    count = truth.sizes[over]
    first = plane(truth.isel({over: 0, "field": 0}))
    points = int(np.prod([min(n, 256) for n in first.shape]))
    each = 3 * 1.34 * min(truth.sizes["field"], MOST_FIELDS) * (points + 1200)
    fit = int(np.clip(share * MOST_BYTES / each, FEWEST, MOST))
    return sorted({int(i) for i in np.linspace(0, count - 1, min(count, fit))})


def viewer(
    name: str,
    label: str,
    texts: Sequence[str],
    truth: Sequence[xr.DataArray],
    prediction: Sequence[xr.DataArray],
    caption: str,
    given: Sequence[xr.DataArray] = (),
) -> Viewer:
    """Return a viewer of truth, prediction and error.

    Parameters
    ----------
    name, label
        Identifier, and what the slider chooses.
    texts
        Text of each position.
    truth, prediction
        Fields ``(field, *grid)`` at each position; the grids may differ.
    caption
        Text under it; the slice of a volume is added.
    given
        Inputs ``(*grid)`` of a map at each position.
    """
    groups = {}
    fields = truth[0].field.values.tolist()
    for index, field in enumerate(fields[:MOST_FIELDS]):
        unit = str(truth[0].unit.values[index]) if "unit" in truth[0].coords else ""
        rows = [
            (plane(t.isel(field=index)), plane(p.isel(field=index)))
            for t, p in zip(truth, prediction, strict=True)
        ]
        inputs = [plane(one) for one in given]
        make = _curves if rows[0][0].ndim == 1 else _images
        groups[with_unit(field, unit)] = make(rows, inputs, unit)
    cut = slice_text(truth[0].isel(field=0))
    left = len(fields) - MOST_FIELDS
    more = [f"The panels show the {cut}."] if cut else []
    more += [f"{left} more fields are in the files."] if left > 0 else []
    return Viewer(name, label, list(texts), groups, " ".join([caption, *more]))


def _images(rows: Any, inputs: Any, unit: str) -> list[Panel]:
    known = np.concatenate([np.ravel(t) for t, _ in rows])
    if not np.isfinite(known).any():
        known = np.concatenate([np.ravel(p) for _, p in rows])
    with np.errstate(invalid="ignore"):
        errors = [p.values - t.values for t, p in rows]
    finite = known[np.isfinite(known)]
    span = float(np.ptp(finite)) if finite.size else 1.0
    shown = np.concatenate([np.ravel(e) for e in errors])
    # Values that have diverged do not set the scale.
    limits = error_scale(np.where(np.abs(shown) < (span or 1.0), shown, np.nan))
    title = plain_unit(unit)
    kinds = [
        ("truth", [t for t, _ in rows], scale(known)),
        ("prediction", [p for _, p in rows], scale(known)),
        ("error", [t.copy(data=e) for (t, _), e in zip(rows, errors, strict=True)], limits),
    ]
    if inputs:
        kinds.insert(0, ("input", inputs, scale(np.concatenate([np.ravel(i) for i in inputs]))))
    panels = []
    for word, arrays, colours in kinds:
        drawing = panel.of_image(arrays[0], *colours)
        frames = [[image(raster(one), *colours), *panel.place(drawing, one)] for one in arrays]
        panels.append(
            Panel(word if word == "input" or not title else f"{word} ({title})", drawing, frames)
        )
    return panels


def _curves(rows: Any, inputs: Any, unit: str) -> list[Panel]:
    known = np.concatenate([np.ravel(t) for t, _ in rows])
    finite = known[np.isfinite(known)] if np.isfinite(known).any() else np.zeros(1)
    low, high = float(finite.min()), float(finite.max())
    margin = 0.06 * (high - low) or 1.0
    with np.errstate(invalid="ignore"):
        errors = [t.copy(data=p.values - t.values) for t, p in rows]
    distance = np.abs(np.concatenate([np.ravel(e) for e in errors]))
    distance = distance[np.isfinite(distance) & (distance < 1.5 * (high - low or 1.0))]
    reach = 1.06 * float(distance.max()) if distance.size and distance.max() > 0 else 1.0
    label = plain_unit(unit)
    panels = [
        _lines("truth and prediction", rows, (low - margin, high + margin), label, True),
        _lines("error", [(e,) for e in errors], (-reach, reach), label, False),
    ]
    if inputs:
        values = np.concatenate([np.ravel(i) for i in inputs])
        around = (float(np.nanmin(values)), float(np.nanmax(values)))
        edge = 0.06 * (around[1] - around[0]) or 1.0
        limits = (around[0] - edge, around[1] + edge)
        panels.insert(0, _lines("input", [(i,) for i in inputs], limits, "", False))
    return panels


def _lines(
    title: str, rows: Sequence[Any], limits: tuple[float, float], label: str, both: bool
) -> Panel:
    curves = ("truth", "prediction") if both else (title,)
    drawing = panel.of_curves(rows[0][0], *limits, label, curves)
    frames = [[panel.curve(drawing, one) for one in row] for row in rows]
    return Panel(title, drawing, frames)
