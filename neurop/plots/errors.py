"""Errors over the steps of a rollout, and over resolutions."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from neurop.plots.style import COLORS, label, log_or_linear, readable_time, styled

CURVES = {
    "relative_l2": ("prediction", "prediction", "-", "o"),
    "relative_l2_interpolated": ("training grid, interpolated", "interpolated", "--", "s"),
}
PARTS = {
    "relative_l2_in_band": ("inside the training band", "#009E73", "-", "^"),
    "relative_l2_beyond_band": ("beyond the training band", "#E69F00", "-", "v"),
    "truth_beyond_band": ("nothing predicted beyond", "#777777", ":", "x"),
}


@styled
def error_growth(run: xr.Dataset) -> Figure:
    """Draw error, persistence and correlation of :func:`neurop.evaluation.rollout.rollout`.

    Thin lines are single samples. A line marks the time at which the correlation falls below 0.9, a
    cross the first step at which a sample has diverged.
    """
    figure = Figure(figsize=(3.5, 4.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    time, unit = readable_time(run.time.values, str(run.time.attrs.get("units", "1")))
    for sample in run.relative_l2_samples.values[:20]:
        upper.plot(time, sample, color=COLORS["prediction"], linewidth=0.4, alpha=0.35)
    upper.plot(
        time, run.persistence_relative_l2, "--", color=COLORS["persistence"], label="persistence"
    )
    upper.plot(time, run.relative_l2, color=COLORS["prediction"], label="prediction")
    log_or_linear(upper, run.relative_l2, run.persistence_relative_l2)
    upper.set_ylabel("relative L2 error")
    lower.plot(time, run.correlation, color=COLORS["prediction"])
    lower.axhline(0.9, color="0.7", linewidth=0.6, linestyle=":")
    if np.isfinite(lost := float(run["correlation_time_0.9"])):
        lower.axvline(
            time[np.searchsorted(run.time.values, lost)],
            color=COLORS["interpolated"],
            linewidth=0.8,
            label="correlation below 0.9",
        )
        lower.legend(loc="best")
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
    upper.legend()
    lower.set_ylabel("correlation")
    finite = run.correlation.values[np.isfinite(run.correlation.values)]
    lower.set_ylim(min(0.8, *finite, 1.0), 1.005)
    lower.set_xlabel(
        "step" if unit == "1" and np.array_equal(time, run.step) else label("time", unit)
    )
    return figure


@styled
def error_by_resolution(scores: xr.Dataset) -> Figure:
    """Draw the errors of :func:`neurop.evaluation.superres.superres`, also by spectral band."""
    figure = Figure(figsize=(6.6, 2.7), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    resolution, train = scores.resolution.values, int(scores.train_resolution)
    for name, (text, color, line, marker) in CURVES.items():
        left.plot(resolution, scores[name], line, marker=marker, color=COLORS[color], label=text)
    for name, (text, tone, line, marker) in PARTS.items():
        # At and below the training resolution there is nothing beyond the band.
        values = (
            scores[name]
            if name.endswith("in_band")
            else scores[name].where(scores.resolution > train)
        )
        right.plot(resolution, values, line, marker=marker, color=tone, label=text)
    beyond = [
        scores[name].where(scores.resolution > train)
        for name in ("relative_l2_beyond_band", "truth_beyond_band")
    ]
    log_or_linear(
        left,
        *(scores[name] for name in CURVES),
        scores.relative_l2_in_band,
        *(b.where(b > 1e-6) for b in beyond),
    )
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(resolution, [str(r) for r in resolution])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.axvline(train, color="0.6", linewidth=0.8, linestyle=":", label="training resolution")
        axes.set_xlabel("resolution (points)")
        axes.legend()
    left.set_ylabel("relative L2 error")
    left.set_title("full field")
    right.set_title("parts of the spectrum")
    return figure


@styled
def forecast_skill(scores: xr.Dataset, field: int = 0) -> Figure:
    """Draw RMSE per lead time of :func:`neurop.evaluation.score.score`.

    With a climatology there is also a panel of the anomaly correlation.
    """
    panels = ["rmse", *(["acc"] if "acc" in scores else [])]
    figure = Figure(figsize=(3.3 * len(panels), 2.6), layout="constrained")
    chosen = scores.isel(field=field)
    lead = chosen.lead_time if "lead_time" in chosen.coords else chosen.lead
    x, unit = readable_time(lead.values, str(lead.attrs.get("units", "1")))
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        axes.plot(x, chosen[name], "o-", color=COLORS["prediction"], label="prediction")
        for other in ("persistence", "climatology"):
            if f"{other}_{name}" in chosen:
                axes.plot(x, chosen[f"{other}_{name}"], "--", color=COLORS[other], label=other)
        axes.set_xlabel(label("lead", unit) if lead.name == "lead_time" else "lead (frames)")
        axes.legend()
        if name == "rmse":
            axes.set_ylim(bottom=0)
            axes.set_ylabel(label(f"RMSE of {chosen.field.item()}", str(chosen.unit.item())))
        else:
            axes.set_ylabel("anomaly correlation")
            axes.set_ylim(top=1)
    return figure
