"""One field in one panel: images with true proportions and degree ticks, or a slice of a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from neurop.plots.style import DIVERGING, ERROR, SEQUENTIAL, axis_label

SPHERE = ("latitude", "longitude")


def plane(array: xr.DataArray) -> xr.DataArray:
    """Return a field of one or two axes; of more, the middle slice of the first ones."""
    while array.ndim > 2:
        array = array.isel({array.dims[0]: array.shape[0] // 2})
    return array


def scale(truth: Any, cmap: str | None = None) -> tuple[Normalize, str]:
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


def shared(truths: Sequence[xr.DataArray], alike: float = 3.0) -> list[tuple[Normalize, str]]:
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


def error_scale(error: Any) -> tuple[Normalize, str]:
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


def raster(array: xr.DataArray) -> NDArray[Any]:
    """Return the values of a plane field, rows upwards and columns to the right by coordinate."""
    horizontal, vertical = _axes(array)
    return np.asarray(array.sortby([horizontal, vertical]).transpose(vertical, horizontal).values)


def bar(axes: Axes, image: AxesImage, extend: Any = "neither") -> None:
    """Draw the colour bar of an image to the right of its panel, with the height of the panel."""
    assert axes.figure is not None
    axes.figure.colorbar(image, cax=axes.inset_axes((1.04, 0.0, 0.05, 1.0)), extend=extend)


def proportion(array: xr.DataArray) -> float:
    """Return height over width of the panel of a plane field."""
    if array.ndim < 2:
        return 0.62
    horizontal, vertical = _axes(array)
    spans = [
        abs(float(array[name][-1] - array[name][0]))
        * array.sizes[name]
        / max(array.sizes[name] - 1, 1)
        for name in (horizontal, vertical)
    ]
    same = array[horizontal].attrs.get("units") == array[vertical].attrs.get("units") or set(
        SPHERE
    ) == {horizontal, vertical}
    ratio = spans[1] / spans[0] if same and min(spans) > 0 else 1.0
    return float(np.clip(ratio, 0.25, 2.0))


def draw(
    axes: Axes, array: xr.DataArray, norm: Normalize, cmap: str, ticks: bool = True
) -> AxesImage:
    """Draw a plane field of two axes, each value a cell around its point.

    The horizontal axis is the first one, on the sphere the longitude.
    """
    horizontal, vertical = _axes(array)
    extent = (*_edges(array[horizontal].values), *_edges(array[vertical].values))
    image = axes.imshow(
        raster(array), origin="lower", extent=extent, norm=norm, cmap=cmap, aspect="auto"
    )
    axes.set_box_aspect(proportion(array))
    for side in axes.spines.values():
        side.set_visible(True)
    if {horizontal, vertical} == set(SPHERE):
        axes.set_ylim(max(extent[2], -90), min(extent[3], 90))
        axes.set_yticks([-60, 0, 60], ["60°S", "0°", "60°N"])
        at = [tick for tick in range(-180, 361, 90) if extent[0] <= tick <= extent[1]]
        axes.set_xticks(at, [_longitude(tick) for tick in at])
    else:
        axes.set_xlabel(axis_label(array, horizontal))
        axes.set_ylabel(axis_label(array, vertical))
        axes.locator_params(nbins=4)
    if not ticks:
        axes.set_ylabel("")
        axes.tick_params(labelleft=False)
    return image


def _axes(array: xr.DataArray) -> tuple[str, str]:
    first, second = (str(dim) for dim in array.dims)
    return (second, first) if (first, second) == SPHERE else (first, second)


def _edges(points: Any) -> tuple[float, float]:
    low, high = float(np.min(points)), float(np.max(points))
    half = 0.5 * (high - low) / max(len(points) - 1, 1) or 0.5
    return low - half, high + half


def _longitude(degrees: int) -> str:
    turned = (degrees + 180) % 360 - 180
    return {0: "0°", -180: "180°"}.get(turned, f"{abs(turned)}°{'E' if turned > 0 else 'W'}")
