"""One field in one panel: limits and colours, an image with true proportions, a colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.image import AxesImage

from neurop.plots.coastline import coast_of, within
from neurop.plots.orientation import (
    degree_ticks,
    extent,
    is_sphere,
    labels,
    proportion,
    raster,
    view,
)
from neurop.plots.style import DIVERGING, ERROR, SEQUENTIAL

Scale = tuple[Normalize, str]
"""Limits and colour map."""


def scale(truth: Any, cmap: str | None = None) -> Scale:
    """Return limits and colour map of the truth, symmetric about zero if it has both signs.

    A given colour map decides whether the limits are symmetric.
    """
    values = np.asarray(truth)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if cmap is None:
        cmap = (
            DIVERGING if low < 0 < high and min(-low, high) > 0.2 * max(-low, high) else SEQUENTIAL
        )
    if cmap == DIVERGING:
        return CenteredNorm(0.0, max(abs(low), abs(high)) or 1.0), cmap
    return Normalize(low, high if high > low else low + 1.0), cmap


def shared(truths: Sequence[xr.DataArray], alike: float = 3.0) -> list[Scale]:
    """Return the scale of each row.

    All rows share one scale if their ranges differ by less than a factor `alike`; otherwise each
    has its own limits in one colour map.
    """
    finite = [values[np.isfinite(values)] for values in map(np.ravel, truths)]
    norm, cmap = scale(np.concatenate(finite))
    spans = [float(np.ptp(values)) if values.size else 0.0 for values in finite]
    if max(spans) < alike * min(spans):
        return [(norm, cmap)] * len(truths)
    return [scale(values, cmap) for values in finite]


def shared_errors(errors: Sequence[xr.DataArray], alike: float = 3.0) -> list[Scale]:
    """Return the scale of the error of each row, one for all if they differ less than `alike`."""
    scales = [error_scale(error) for error in errors]
    largest = [float(norm.vmax or 1.0) for norm, _ in scales]
    same = max(largest) < alike * min(largest)
    return [scales[int(np.argmax(largest))]] * len(scales) if same else scales


def error_scale(error: Any) -> Scale:
    """Return symmetric limits and the colour map of errors."""
    values = np.abs(np.asarray(error))
    values = values[np.isfinite(values)]
    return CenteredNorm(
        0.0, float(values.max()) if values.size and values.max() > 0 else 1.0
    ), ERROR


def extension(array: xr.DataArray, norm: Normalize) -> str:
    """Return the ends of a colour bar that need an arrow because `array` exceeds its limits."""
    assert norm.vmin is not None
    assert norm.vmax is not None
    span = 1e-6 * (norm.vmax - norm.vmin)
    below, above = bool((array < norm.vmin - span).any()), bool((array > norm.vmax + span).any())
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get(
        (below, above), "neither"
    )


def bar(axes: Axes, image: AxesImage, extend: Any = "neither") -> None:
    """Draw the colour bar of an image to the right of its panel, with the height of the panel."""
    assert axes.figure is not None
    axes.figure.colorbar(image, cax=axes.inset_axes((1.04, 0.0, 0.05, 1.0)), extend=extend)


def draw(
    axes: Axes, array: xr.DataArray, norm: Normalize, cmap: str, ticks: bool = True
) -> AxesImage:
    """Draw a plane field, each value a cell around its point, with degrees on the sphere."""
    left, right, low, high = extent(array)
    image = axes.imshow(
        raster(array),
        origin="lower",
        extent=(left, right, low, high),
        norm=norm,
        cmap=cmap,
        aspect="auto",
    )
    axes.set_box_aspect(proportion(array))
    for coast in within(coast_of(array), left, right):
        axes.plot(*coast.T, color="black", linewidth=0.35, alpha=0.7)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    for side in axes.spines.values():
        side.set_visible(True)
    if is_sphere(array):
        axes.set_ylim(*view(array)[2:])
        east, north = degree_ticks(array)
        axes.set_xticks(list(east), list(east.values()))
        axes.set_yticks(list(north), list(north.values()))
    else:
        across, up = labels(array)
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        axes.locator_params(nbins=4)
    if not ticks:
        axes.set_ylabel("")
        axes.tick_params(labelleft=False)
    return image
