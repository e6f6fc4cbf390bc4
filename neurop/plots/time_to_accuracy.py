"""Errors over the time of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from neurop.plots.cost import PATHS
from neurop.plots.style import CYCLE, legend_above, styled

Points = Sequence[tuple[float, float]]


@styled
def time_to_accuracy(lines: Mapping[str, Points], points: Mapping[str, Points]) -> Figure:
    """Draw errors over the time of training.

    Parameters
    ----------
    lines
        Seconds and errors that a line joins, by implementation, such as medians over seeds.
    points
        Seconds and errors of single trainings, by implementation.
    """
    figure = Figure(figsize=(4.2, 3.0), layout="constrained")
    axes = figure.subplots()
    for path, line in lines.items():
        place = PATHS.index(path) if path in PATHS else len(PATHS)
        color = CYCLE[place % len(CYCLE)]
        axes.plot(*zip(*line), color=color, marker="o", label=path)
        axes.plot(*zip(*points[path]), ".", color=color, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel="training (s)", ylabel="relative L2 error")
    legend_above(figure, axes)
    return figure
