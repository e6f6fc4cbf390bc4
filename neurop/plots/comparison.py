"""Errors of several models on the same test set."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from neurop.plots.style import COLORS, CYCLE, styled, time_axis

MODELS: dict[str, tuple[str, Any]] = {
    "fno": ("#0072B2", "-"),
    "tfno": ("#D55E00", "-"),
    "ffno": ("#009E73", "-"),
    "t1": ("#CC79A7", "-"),
    "t1_plus": ("#882255", "-"),
    "sfno": ("#E69F00", "-"),
    "unet": ("#56B4E9", "-"),
    "local_fno": ("#332288", "-"),
    "linear": ("#000000", "--"),
    "persistence": (COLORS["persistence"], ":"),
    "climatology": (COLORS["persistence"], "-."),
}
"""Colour and line of each model, the same in every figure."""
DIVERGED = 20.0
"""Largest error that is drawn."""


@styled
def comparison(result: xr.Dataset) -> Figure:
    """Draw the errors of :func:`neurop.evaluation.compare.compare`.

    Those of an evolution over the time of the rollout, a band for the range over seeds; those of a
    map as a point per sample, and their mean. The best model is the first.
    """
    order = np.argsort(np.where(np.isfinite(result.error), result.error, np.inf), kind="stable")
    result = result.isel(model=order)
    styles = _styles([str(name) for name in result.model.values])
    return _growth(result, styles) if "growth" in result else _samples(result, styles)


def _growth(result: xr.Dataset, styles: list[tuple[str, Any]]) -> Figure:
    figure = Figure(figsize=(4.6, 3.0), layout="constrained")
    axes = figure.subplots()
    time = time_axis(axes, result)
    marked = "o" if len(time) <= 20 else ""
    for i, (color, line) in enumerate(styles):
        one = result.isel(model=i)
        if int(one.seeds) > 1:
            axes.fill_between(
                time, one.growth_low, one.growth_high, color=color, alpha=0.2, linewidth=0
            )
        axes.plot(
            time,
            one.growth,
            line,
            color=color,
            marker=marked if line == "-" else "",
            markersize=2.5,
            label=str(one.model.item()),
        )
    _log(axes, "y", result.growth.values)
    # A diverged model must not press the others together.
    if axes.get_ylim()[1] > DIVERGED:
        axes.set_ylim(top=DIVERGED)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_ylabel("relative L2 error")
    figure.legend(loc="outside right upper")
    return figure


def _samples(result: xr.Dataset, styles: list[tuple[str, Any]]) -> Figure:
    count = result.sizes["model"]
    figure = Figure(figsize=(4.6, 0.7 + 0.34 * count), layout="constrained")
    axes = figure.subplots()
    errors = result.error_samples.values
    spread = np.random.default_rng(0).uniform(-0.22, 0.22, errors.shape[1])
    for i, (color, _) in enumerate(styles):
        axes.plot(
            errors[i], i + spread, ".", color=color, alpha=0.35, markersize=4, markeredgewidth=0
        )
        one = result.isel(model=i)
        if int(one.seeds) > 1:
            axes.hlines(i, one.error_low, one.error_high, color="black", linewidth=1.0, zorder=3)
        axes.plot(
            [float(one.error)], [i], "D", color=color, markeredgecolor="black", markeredgewidth=0.6
        )
    axes.set_yticks(range(count), [str(name) for name in result.model.values])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("relative L2 error: samples (dots) and mean (diamond)")
    _log(axes, "x", errors)
    axes.grid(axis="x", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure


def _log(axes: Axes, which: str, values: Any) -> None:
    """Use a logarithmic axis, with plain numbers if it spans less than a factor of 300."""
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size:
        return
    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}scale": "log"})
    if positive.max() < 300 * positive.min():
        narrow = positive.max() < 10 * positive.min()
        subs = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0) if narrow else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _styles(names: list[str]) -> list[tuple[str, Any]]:
    """Return colour and line of each name; other models take the colours that are left."""
    used = {MODELS[name][0] for name in names if name in MODELS}
    left = [color for color in CYCLE if color not in used] or ["0.5"]
    others = [name for name in names if name not in MODELS]
    dashes = ("-", (0, (4, 1)), (0, (1, 1)))
    return [
        MODELS[name]
        if name in MODELS
        else (
            left[others.index(name) % len(left)],
            dashes[others.index(name) // len(left) % len(dashes)],
        )
        for name in names
    ]
