"""Errors over the steps of a rollout, and over resolutions."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from neurop.plots.style import (
    COLORS,
    label,
    legend_above,
    log_or_linear,
    readable_time,
    styled,
    time_axis,
)

CURVES = {
    "relative_l2": ("prediction", "prediction", "-", "o"),
    "relative_l2_interpolated": ("training grid, interpolated", "interpolated", "--", "s"),
}
PARTS = {
    "relative_l2_in_band": ("inside the training band", "#009E73", "-", "^"),
    "relative_l2_beyond_band": ("beyond the training band", "#E69F00", "-", "v"),
    "truth_beyond_band": ("nothing predicted beyond", "#777777", ":", "x"),
}
NOTHING = 1e-8
"""Relative error below which there is only rounding."""
MOST_SAMPLES = 20
"""Largest number of samples that are drawn one by one."""
_RMSE = ("rmse", "persistence_rmse", "climatology_rmse")


@styled
def error_growth(run: xr.Dataset) -> Figure:
    """Draw error, persistence and correlation of :func:`neurop.evaluation.rollout.rollout`.

    Thin lines are single samples. A line marks the time at which the correlation falls below 0.9, a
    cross the first step at which a sample has diverged.
    """
    figure = Figure(figsize=(3.6, 4.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    time = time_axis(lower, run)
    # A single step is a point: no line would be seen.
    marker = "o" if len(time) == 1 else ""
    samples = run.relative_l2_samples.values[:MOST_SAMPLES]
    for index, sample in enumerate(samples if len(samples) > 1 else ()):
        upper.plot(
            time,
            sample,
            color=COLORS["prediction"],
            linewidth=0.4,
            alpha=0.35,
            label="single samples" if index == 0 else None,
        )
    upper.plot(
        time,
        run.persistence_relative_l2,
        "--",
        color=COLORS["persistence"],
        marker=marker,
        label="persistence",
    )
    name = "prediction, mean" if len(samples) > 1 else "prediction"
    upper.plot(time, run.relative_l2, color=COLORS["prediction"], marker=marker, label=name)
    log_or_linear(upper, run.relative_l2, run.persistence_relative_l2, samples)
    upper.set_ylabel("relative L2 error")
    lower.plot(time, run.correlation, color=COLORS["prediction"], marker=marker)
    lower.axhline(0.9, color="0.7", linewidth=0.6, linestyle=":")
    if np.isfinite(lost := float(run["correlation_time_0.9"])):
        lower.axvline(
            time[np.searchsorted(run.time.values, lost)],
            color=COLORS["interpolated"],
            linewidth=0.8,
            label="correlation below 0.9",
        )
    if np.isfinite(gone := float(run.first_divergent_step)):
        at = time[int(gone) - 1]
        upper.plot(
            [at],
            [0.97],
            "x",
            color=COLORS["interpolated"],
            transform=upper.get_xaxis_transform(),
            label="a sample diverges",
            clip_on=False,
        )
    known = int(run.attrs["known_steps"])
    if known < len(time):
        for axes in (upper, lower):
            axes.axvspan(
                time[max(known - 1, 0)],
                time[-1],
                color="0.94",
                zorder=0,
                label="no truth" if axes is upper else None,
            )
    lower.set_ylabel("correlation")
    finite = run.correlation.values[np.isfinite(run.correlation.values)]
    lower.set_ylim(min(0.8, *finite, 1.0), 1.005)
    legend_above(figure, upper, lower)
    return figure


@styled
def error_by_resolution(scores: xr.Dataset) -> Figure:
    """Draw the errors of :func:`neurop.evaluation.superres.superres`, also by spectral band.

    With one resolution they are points with their values.
    """
    if scores.sizes["resolution"] == 1:
        return _alone(scores)
    figure = Figure(figsize=(6.6, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    resolution, train = scores.resolution.values, int(scores.train_resolution)
    for name, (text, color, line, marker) in CURVES.items():
        left.plot(resolution, scores[name], line, marker=marker, color=COLORS[color], label=text)
    for name, (text, tone, line, marker) in PARTS.items():
        values = _beyond(scores, name)
        right.plot(resolution, values, line, marker=marker, color=tone, label=text)
    shown = [scores[name] for name in CURVES] + [_beyond(scores, name) for name in PARTS]
    # Below rounding there is nothing to compare.
    log_or_linear(left, *(values.where(values > NOTHING) for values in shown))
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(resolution, [str(r) for r in resolution])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.axvline(train, color="0.6", linewidth=0.8, linestyle=":", label="training resolution")
        axes.set_xlabel("resolution (points)")
    left.set_ylabel("relative L2 error")
    left.set_title("full field")
    right.set_title("parts of the spectrum")
    legend_above(figure, left, right, columns=3)
    return figure


def _beyond(scores: xr.Dataset, name: str) -> xr.DataArray:
    """Return an error; at and below the training resolution there is nothing beyond the band."""
    finer = scores.resolution > int(scores.train_resolution)
    return scores[name] if name.endswith("in_band") else scores[name].where(finer)


def _alone(scores: xr.Dataset) -> Figure:
    """Draw the errors at one resolution as points, with their values."""
    kinds = {name: (text, COLORS[color], mark) for name, (text, color, _, mark) in CURVES.items()}
    kinds |= {name: (text, tone, mark) for name, (text, tone, _, mark) in PARTS.items()}
    values = {name: float(_beyond(scores, name)[0]) for name in kinds}
    shown = {name: value for name, value in values.items() if value > NOTHING}
    figure = Figure(figsize=(4.8, 0.9 + 0.28 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for row, (name, value) in enumerate(shown.items()):
        _, color, mark = kinds[name]
        axes.plot([value], [row], mark, color=color)
        axes.annotate(f"{value:.3g}", (value, row), (6, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(shown)), [kinds[name][0] for name in shown])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    log_or_linear(axes, list(shown.values()), which="x")
    axes.set_xlim(right=1.6 * max(shown.values(), default=1.0))
    axes.grid(axis="both", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("relative L2 error")
    points, train = int(scores.resolution[0]), int(scores.train_resolution)
    axes.set_title(f"{points} points; trained at {train}")
    return figure


@styled
def forecast_skill(scores: xr.Dataset, field: int = 0) -> Figure:
    """Draw RMSE per lead time of :func:`neurop.evaluation.score.score`.

    The axis is logarithmic where the errors span more than a factor of five. With a climatology
    there is also a panel of the anomaly correlation.
    """
    panels = ["rmse", *(["acc"] if "acc" in scores else [])]
    figure = Figure(figsize=(3.3 * len(panels), 2.8), layout="constrained")
    chosen = scores.isel(field=field)
    lead = chosen.lead_time if "lead_time" in chosen.coords else chosen.lead
    x, unit = readable_time(lead.values, str(lead.attrs.get("units", "1")))
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, name in zip(drawn, panels, strict=True):
        axes.plot(x, chosen[name], "o-", color=COLORS["prediction"], label="prediction")
        for other in ("persistence", "climatology"):
            if f"{other}_{name}" in chosen:
                axes.plot(x, chosen[f"{other}_{name}"], "s--", color=COLORS[other], label=other)
        counted = lead.name == "lead" or (unit == "1" and np.array_equal(x, chosen.lead))
        axes.set_xlabel("lead (frames)" if counted else label("lead time", unit))
        axes.set_xticks(x, [f"{value:g}" for value in x])
        if name == "rmse":
            errors = [chosen[n] for n in chosen if str(n) in _RMSE]
            log_or_linear(axes, *errors)
            axes.set_ylabel(label(f"RMSE of {chosen.field.item()}", str(chosen.unit.item())))
        else:
            axes.set_ylabel("anomaly correlation")
            axes.set_ylim(top=1)
    legend_above(figure, *drawn, columns=3)
    return figure
