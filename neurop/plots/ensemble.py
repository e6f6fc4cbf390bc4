"""Spread and error of an ensemble, rank histogram, and coverage of its intervals."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neurop.plots.style import COLORS, CYCLE, label, readable_time, step_text, styled

SHOWN = 3
"""Largest number of lead times in the histograms."""
COLOR_OF_MEMBERS = "#777777"


@styled
def reliability(scores: xr.Dataset, field: int = 0) -> Figure:
    """Draw the reliability of an ensemble, from :func:`neurop.evaluation.ensemble`.

    Left: spread and RMSE of the mean over the lead times, which are equal for a reliable ensemble;
    of a single lead time, those of each sample. Middle: frequencies of the ranks of the truth, in
    units of the uniform ones. Right: coverage of the central intervals of the members.
    """
    figure = Figure(figsize=(7.2, 2.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    one = scores.isel(field=field)
    (_by_lead if scores.sizes["step"] > 1 else _by_sample)(left, one)
    chosen = np.unique(np.linspace(0, scores.sizes["step"] - 1, SHOWN).astype(int))
    ranks = scores["rank"].values
    for index, color in zip(chosen, CYCLE, strict=False):
        text = step_text(scores, index)
        at = one.isel(step=index)
        heights = at.rank_frequency.values * len(ranks)
        middle.stairs(heights, np.arange(len(ranks) + 1) - 0.5, color=color, label=text)
        levels = [0.0, *scores.level.values, 1.0]
        covered = [0.0, *at.interval_coverage.values, 1.0]
        inner = list(range(1, len(levels) - 1))
        right.plot(levels, covered, "o-", color=color, label=text, markevery=inner)
    middle.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":")
    middle.set_ylim(bottom=0)
    middle.xaxis.set_major_locator(MaxNLocator(integer=True))
    middle.set(xlabel="rank of the truth", ylabel="frequency / uniform")
    right.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle=":")
    right.set(xlabel="nominal level", ylabel="coverage", xlim=(0, 1), ylim=(0, 1))
    right.set_box_aspect(1)
    if len(chosen) > 1:
        right.legend(loc="best")
    return figure


def _by_lead(axes: Axes, one: xr.Dataset) -> None:
    time, unit = readable_time(one.time.values, str(one.time.attrs.get("units", "1")))
    axes.plot(time, one.member_rmse, ":", color=COLOR_OF_MEMBERS, label="RMSE of a member")
    axes.plot(time, one.rmse, color=COLORS["prediction"], label="RMSE of the mean")
    axes.plot(time, one.spread, "--", color=COLORS["interpolated"], label="spread")
    axes.set_ylim(bottom=0)
    counted = unit == "1" and np.array_equal(time, one.step)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=counted))
    axes.set_xlabel("step" if counted else label("time", unit))
    axes.set_ylabel(label(f"error and spread of {one.field.item()}", str(one.unit.item())))
    axes.legend()


def _by_sample(axes: Axes, one: xr.Dataset) -> None:
    name, unit = str(one.field.item()), str(one.unit.item())
    spread, error = (one[f"{kind}_samples"].isel(step=0).values for kind in ("spread", "rmse"))
    axes.plot(
        spread, error, ".", color=COLORS["prediction"], alpha=0.5, markeredgewidth=0, label="sample"
    )
    there = np.concatenate([spread, error])
    there = there[np.isfinite(there)]
    top = 1.05 * float(there.max()) if there.size and there.max() > 0 else 1.0
    axes.plot([0, top], [0, top], color="0.6", linewidth=0.8, linestyle=":", label="reliable")
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.set_box_aspect(1)
    axes.set_xlabel(label(f"spread of {name}", unit))
    axes.set_ylabel(label("RMSE of the mean", unit))
    axes.legend()
