"""Error bands of predictions, with the truth or the error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from neurop.plots.orientation import horizontal_and_vertical, plane, proportion, slice_text
from neurop.plots.panels import bar, draw, scale, shared
from neurop.plots.style import COLORS, SEQUENTIAL, axis_label, field_label, styled

WIDTH = 1.75
"""Width of an image panel in inches."""


@styled
def bands(rows: Sequence[tuple[xr.DataArray, ...]], labels: Sequence[str]) -> Figure:
    """Draw rows of predictions with their bands.

    Fields of one axis are lines: truth, prediction and the band around it, and error within the
    band around zero. Of others, the prediction, the half-width of the band and the size of the
    error are images; the last two share their limits, and a line surrounds the points whose error
    is outside the band. Of fields with three axes, the middle slice is drawn and named; see
    :func:`neurop.plots.orientation.plane`.

    Parameters
    ----------
    rows
        Truth, prediction and half-width of the band ``(*grid)`` of each row; name and unit from the
        scalar coordinates ``field`` and ``unit``. A truth that is not known is NaN.
    labels
        Labels, one per row.

    Examples
    --------
    >>> points = {"x": np.arange(4), "y": np.arange(4)}
    >>> x = xr.DataArray(np.zeros((4, 4)), points, ("x", "y"), name="u")
    >>> len(bands([(x, x, x + 1)], ["sample 0"]).axes)
    3
    """
    cut = slice_text(rows[0][0])
    rows = [tuple(map(plane, row)) for row in rows]
    lines = rows[0][0].ndim == 1
    titles = (
        ["truth and band", "error"]
        if lines
        else ["prediction", "half-width", "|error| (white: outside)"]
    )
    width = 2.6 if lines else WIDTH + 0.5
    height = WIDTH * proportion(rows[0][0]) + 0.15
    figure = Figure(
        figsize=(width * len(titles) + 0.3, height * len(rows) + 0.65), layout="constrained"
    )
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    scales = shared([row[1] for row in rows])
    for index, (row, panels) in enumerate(zip(rows, grid, strict=True)):
        if lines:
            _lines(row, list(panels), legend=index == 0)
        else:
            _images(row, list(panels), *scales[index])
        panels[0].set_ylabel("\n".join(filter(None, [labels[index], panels[0].get_ylabel()])))
        for axes in panels if index < len(rows) - 1 else ():
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    if not lines:
        figure.suptitle(", ".join(filter(None, [field_label(rows[0][0]), cut])), fontsize=9)
    return figure


def _images(row: tuple[xr.DataArray, ...], panels: list[Axes], norm: Normalize, cmap: str) -> None:
    truth, prediction, half = row
    error = abs(prediction - truth.values)
    bar(panels[0], draw(panels[0], prediction, norm, cmap))
    both = np.concatenate([half.values.ravel(), error.values.ravel()])
    top = scale(np.append(both, 0.0), SEQUENTIAL)[0].vmax
    limits = Normalize(0.0, top)
    for axes, values in zip(panels[1:], (half, error), strict=True):
        bar(axes, draw(axes, values, limits, SEQUENTIAL, ticks=False))
    if bool((error > half).any()):
        horizontal, vertical = panels[2].get_xlabel(), panels[2].get_ylabel()
        names = horizontal_and_vertical(error)
        outside = (error > half).transpose(*names[::-1])
        x, y = (outside[name].values for name in names)
        panels[2].contour(x, y, outside.values.astype(float), [0.5], colors="white", linewidths=0.6)
        panels[2].set(xlabel=horizontal, ylabel=vertical)


def _lines(row: tuple[xr.DataArray, ...], panels: list[Axes], legend: bool) -> None:
    truth, prediction, half = row
    name = str(truth.dims[0])
    x = truth[name].values if name in truth.coords else np.arange(truth.size)
    both, error = panels
    p, h = prediction.values, half.values
    color = COLORS["prediction"]
    both.fill_between(x, p - h, p + h, color=color, alpha=0.25, linewidth=0, label="band")
    both.plot(x, truth.values, color=COLORS["truth"], label="truth")
    both.plot(x, p, color=color, linestyle="--", label="prediction")
    error.fill_between(x, -h, h, color=color, alpha=0.25, linewidth=0)
    error.axhline(0, color="0.7", linewidth=0.6)
    error.plot(x, p - truth.values, color=COLORS["interpolated"])
    if legend:
        both.figure.legend(*both.get_legend_handles_labels(), loc="outside right upper")
    for axes in panels:
        axes.set_ylabel(field_label(truth))
        axes.set_xlabel(axis_label(truth, name))
