"""The drawing of one panel of a viewer: positions of axes, ticks and labels in its own units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neurop.plots.coastline import coast_of, within
from neurop.plots.orientation import (
    degree_ticks,
    extent,
    horizontal_and_vertical,
    is_sphere,
    proportion,
    view,
)
from neurop.report import raster
from neurop.report.text import with_unit

WIDTH, LEFT, RIGHT, TOP = 300.0, 46.0, 12.0, 6.0
BELOW_LINES, BELOW_IMAGE, BAR = 40.0, 78.0, 8.0
Tick = tuple[float, str]


@dataclass(frozen=True)
class Drawing:
    """Sizes and labels; lengths are CSS pixels of a panel of 300 pixels.

    Parameters
    ----------
    height
        Height of the panel.
    box
        Left, top, width and height of the area in which values are drawn.
    shown
        Left, right, lower and upper end of the area in units of the data.
    across, up
        Ticks along both axes.
    labels
        Labels of both axes.
    bar
        Strip of the colour bar, and its ticks; None of curves.
    curves
        Colour class and line of each curve.
    lines
        Path of fixed lines: coasts, or the zero line.
    """

    height: float
    box: tuple[float, float, float, float]
    shown: tuple[float, float, float, float]
    across: list[Tick]
    up: list[Tick]
    labels: tuple[str, str]
    bar: tuple[str, list[Tick]] | None = None
    curves: tuple[str, ...] = ()
    lines: str = ""


def of_image(array: xr.DataArray, norm: Normalize, cmap: str) -> Drawing:
    """Return the drawing of a plane field.

    Parameters
    ----------
    array
        The field.
    norm, cmap
        Limits and colours.
    """
    names = horizontal_and_vertical(array)
    ratio = proportion(array)
    width = min(WIDTH - LEFT - RIGHT, 300 / ratio)
    box = (LEFT, TOP, width, width * ratio)
    shown = view(array)
    if is_sphere(array):
        east, north = degree_ticks(array)
        marks = [[(float(at), text) for at, text in one.items()] for one in (east, north)]
    else:
        marks = [ticks(*shown[:2]), ticks(*shown[2:])]
    across, up = _placed(box, shown, *marks)
    assert norm.vmin is not None
    assert norm.vmax is not None
    span = norm.vmax - norm.vmin
    values = [
        (LEFT + width * (at - norm.vmin) / span, text) for at, text in ticks(norm.vmin, norm.vmax)
    ]
    coasts = "".join(path(box, shown, line) for line in within(coast_of(array), *shown[:2]))
    return Drawing(
        height=TOP + box[3] + BELOW_IMAGE,
        box=box,
        shown=shown,
        across=across,
        up=up,
        labels=("", "") if is_sphere(array) else (_label(array, names[0]), _label(array, names[1])),
        bar=(raster.colors(cmap), values),
        lines=coasts,
    )


def of_curves(
    array: xr.DataArray, low: float, high: float, label: str, curves: tuple[str, ...]
) -> Drawing:
    """Return the drawing of curves over one axis, between two limits."""
    name = str(array.dims[0])
    width = WIDTH - LEFT - RIGHT
    box = (LEFT, TOP, width, 0.62 * width)
    x = _points(array)
    shown = (float(x.min()), float(x.max()), low, high)
    across, up = _placed(box, shown, ticks(*shown[:2]), ticks(low, high))
    zero = [(shown[0], 0.0), (shown[1], 0.0)] if low < 0 < high else []
    return Drawing(
        height=TOP + box[3] + BELOW_LINES,
        box=box,
        shown=shown,
        across=across,
        up=up,
        labels=(_label(array, name), label),
        curves=curves,
        lines=path(box, shown, np.array(zero)) if zero else "",
    )


def place(drawing: Drawing, array: xr.DataArray) -> list[float]:
    """Return left, top, width and height of the image of a field, which may exceed the area."""
    left, top, width, height = drawing.box
    first, last, low, high = drawing.shown
    own = extent(array)
    across, up = width / (last - first), height / (high - low)
    box = (
        left + (own[0] - first) * across,
        top + (high - own[3]) * up,
        (own[1] - own[0]) * across,
        (own[3] - own[2]) * up,
    )
    return [round(value, 2) for value in box]


def curve(drawing: Drawing, array: xr.DataArray) -> str:
    """Return the path of a curve; values that are not finite interrupt it."""
    x = _points(array)
    keep = slice(None, None, max(len(x) // 512, 1))
    points = np.stack([x, array.values.astype(np.float64)], axis=1)[keep]
    return path(drawing.box, drawing.shown, points)


def path(box: Sequence[float], shown: Sequence[float], points: NDArray[Any]) -> str:
    """Return the path of a line in units of the panel, limited to ten times its size."""
    left, top, width, height = box
    x = left + (points[:, 0] - shown[0]) / (shown[1] - shown[0]) * width
    y = top + (shown[3] - points[:, 1]) / (shown[3] - shown[2]) * height
    y = np.clip(y, top - 10 * height, top + 10 * height)
    words, pen = [], "M"
    for at, value in zip(x, y, strict=True):
        if not (np.isfinite(at) and np.isfinite(value)):
            pen = "M"
            continue
        words.append(f"{pen}{at:.1f} {value:.1f}")
        pen = "L"
    return "".join(words)


def ticks(low: float, high: float, most: int = 4) -> list[Tick]:
    """Return round values between two limits, with their text.

    Examples
    --------
    >>> ticks(0.0, 1.0)
    [(0.0, '0'), (0.25, '0.25'), (0.5, '0.50'), (0.75, '0.75'), (1.0, '1.00')]
    >>> [text for _, text in ticks(96000.0, 105000.0, 3)]
    ['96,000', '99,000', '102,000', '105,000']
    >>> [text for _, text in ticks(0.0, 2e-7, 3)]
    ['0', '0.8e-7', '1.6e-7']
    """
    slack = 1e-9 * (high - low)
    found = MaxNLocator(most, min_n_ticks=2).tick_values(low, high)
    kept = [float(at) for at in found if low - slack <= at <= high + slack]
    if len(kept) < 2:
        return [(at, f"{at:.4g}") for at in kept]
    step = kept[1] - kept[0]
    largest = max(abs(at) for at in kept)
    exponent = 0 if 1e-3 <= largest < 1e6 else math.floor(math.log10(largest))
    digits = max(0, -math.floor(math.log10(step / 10**exponent) + 1e-9))
    # A step such as 2.5 needs one digit more than its order.
    digits += round(step / 10**exponent * 10**digits, 6) % 1 > 0
    suffix = f"e{exponent}" if exponent else ""
    return [
        (at, "0" if abs(at) <= slack else f"{at / 10**exponent:,.{digits}f}{suffix}") for at in kept
    ]


def _placed(
    box: Sequence[float], shown: Sequence[float], across: Sequence[Tick], up: Sequence[Tick]
) -> tuple[list[Tick], list[Tick]]:
    left, top, width, height = box
    return (
        [(left + (at - shown[0]) / (shown[1] - shown[0]) * width, text) for at, text in across],
        [(top + (shown[3] - at) / (shown[3] - shown[2]) * height, text) for at, text in up],
    )


def _points(array: xr.DataArray) -> NDArray[np.float64]:
    name = str(array.dims[0])
    points = array[name].values if name in array.coords else np.arange(array.size)
    return np.asarray(points, dtype=np.float64)


def _label(array: xr.DataArray, name: str) -> str:
    units = array[name].attrs.get("units", "") if name in array.coords else ""
    return with_unit(name, units)
