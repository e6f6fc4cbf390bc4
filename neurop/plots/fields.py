"""Truth, prediction and error, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurop.plots.orientation import plane, proportion, slice_text
from neurop.plots.panels import Scale, bar, draw, extension, scale, shared, shared_errors
from neurop.plots.style import COLORS, axis_label, field_label, legend_above, styled

WIDTH = 1.75
"""Width of an image panel in inches: three of them with colour bars fill the width of a page."""


@styled
def fields(
    truth: Sequence[xr.DataArray],
    prediction: Sequence[xr.DataArray],
    labels: Sequence[str],
    given: Sequence[xr.DataArray] = (),
) -> Figure:
    """Draw rows of truth, prediction and error (prediction minus truth), after the input if given.

    Truth and prediction share the limits of the truth (of all rows, where their ranges are
    similar); the error has its own, symmetric about zero, shared in the same way. Arrows on a
    colour bar mark predictions beyond the limits. Of fields with three axes, the middle slice is
    drawn and named; see :func:`neurop.plots.orientation.plane`.

    Parameters
    ----------
    truth, prediction, given
        Fields ``(*grid)``, one per row; name and unit from the scalar coordinates ``field`` and
        ``unit``, else the attributes.
    labels
        Labels, one per row: sample, time or resolution.

    Examples
    --------
    >>> points = {"x": np.arange(4), "y": np.arange(4)}
    >>> x = xr.DataArray(np.zeros((4, 4)), points, ("x", "y"), name="u")
    >>> len(fields([x], [x], ["sample 0"]).axes)
    3
    """
    rows = [
        tuple(map(plane, row))
        for row in zip(truth, prediction, *([given] if given else []), strict=True)
    ]
    lines = rows[0][0].ndim == 1
    titles = [f"input: {field_label(rows[0][2])}"] if given else []
    titles += ["truth and prediction", "error"] if lines else ["truth", "prediction", "error"]
    width = 2.3 if lines else WIDTH + 0.5
    height = WIDTH * proportion(rows[0][0]) + 0.15
    figure = Figure(
        figsize=(width * len(titles) + 0.3, height * len(rows) + 0.65), layout="constrained"
    )
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    same = len({row[0].shape for row in rows}) == 1
    # After the end of the truth the prediction sets the limits.
    known = [row[0] if bool(row[0].notnull().any()) else row[1] for row in rows]
    scales = shared(known)
    errors = [] if lines else shared_errors([_error(row[0], row[1]) for row in rows])
    for index, (row, panels) in enumerate(zip(rows, grid, strict=True)):
        if lines:
            _lines(row, list(panels))
        else:
            _images(row, list(panels), scales[index], errors[index])
        side = [*labels[index].split(", "), panels[0].get_ylabel()]
        panels[0].set_ylabel("\n".join(filter(None, side)))
        for axes in panels if index < len(rows) - 1 and same else ():
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    if lines:
        legend_above(figure, grid[0, -2])
    else:
        cut = slice_text(truth[0])
        figure.suptitle(", ".join(filter(None, [field_label(rows[0][0]), cut])), fontsize=9)
    return figure


def _error(truth: xr.DataArray, prediction: xr.DataArray) -> xr.DataArray:
    with np.errstate(invalid="ignore"):
        return truth.copy(data=prediction.values - truth.values)


def _images(row: Sequence[xr.DataArray], panels: list[Axes], known: Scale, error: Scale) -> None:
    truth, prediction, *given = row
    norm, cmap = known
    if given:
        bar(panels[0], draw(panels[0], given[0], *scale(given[0])))
    *_, left, middle, right = panels
    draw(left, truth, norm, cmap, ticks=not given)
    bar(middle, draw(middle, prediction, norm, cmap, ticks=False), extension(prediction, norm))
    bar(right, draw(right, _error(truth, prediction), *error, ticks=False))


def _lines(row: Sequence[xr.DataArray], panels: list[Axes]) -> None:
    truth, prediction, *given = row
    name = str(truth.dims[0])
    x = truth[name].values if name in truth.coords else np.arange(truth.size)
    *first, both, error = panels
    for axes in first:
        axes.plot(x, given[0].values, color=COLORS["truth"])
        axes.set_ylabel(field_label(given[0]))
    both.plot(x, truth.values, color=COLORS["truth"], label="truth")
    both.plot(x, prediction.values, color=COLORS["prediction"], linestyle="--", label="prediction")
    error.axhline(0, color="0.7", linewidth=0.6)
    error.plot(x, prediction.values - truth.values, color=COLORS["interpolated"])
    for axes in (both, error):
        axes.set_ylabel(field_label(truth))
    for axes in panels:
        axes.set_xlabel(axis_label(truth, name))
