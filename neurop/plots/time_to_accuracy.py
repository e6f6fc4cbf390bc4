"""Errors over the time of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from neurop.bench.training.curve import curves, median_curve
from neurop.plots.cost import PATHS
from neurop.plots.style import CYCLE, legend_above, styled


@styled
def time_to_accuracy(rows: Sequence[Mapping[str, Any]], title: str = "") -> Figure:
    """Draw the error after each training of ``neurop bench scopes=[training]`` over its time.

    A point for each training, a line through the medians over seeds.

    Parameters
    ----------
    rows
        With ``path``, ``seed``, ``budget``, ``train_seconds`` and ``error``.
    title
        Of the figure.
    """
    figure = Figure(figsize=(4.2, 3.0), layout="constrained")
    axes = figure.subplots()
    for path in dict.fromkeys(str(row["path"]) for row in rows):
        place = PATHS.index(path) if path in PATHS else len(PATHS)
        color = CYCLE[place % len(CYCLE)]
        axes.plot(*zip(*median_curve(rows, path)), color=color, marker="o", label=path)
        for (of, _), curve in curves(rows).items():
            if of == path:
                axes.plot(*zip(*curve), ".", color=color, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel="training (s)", ylabel="relative L2 error")
    axes.set_title(title)
    legend_above(figure, axes)
    return figure
