"""Loss curves of a run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neurop.errors import InputError
from neurop.plots.style import COLORS, CYCLE, legend_above, log_or_linear, styled

NOT_CURVES = ("epoch", "step", "lr")
FIXED = {
    "train/loss": COLORS["truth"],
    "train/loss_epoch": COLORS["truth"],
    "val/relative_l2": COLORS["prediction"],
}
"""Colours that are the same in every run."""
OTHERS = [color for color in CYCLE if color not in FIXED.values()]


def read_metrics(path: Path | str) -> xr.Dataset:
    """Read ``metrics.csv`` of a run: the mean of each column over each ``epoch``, NaN if none.

    Raises
    ------
    InputError
        If the file is missing or has no epochs.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError.in_file(path, "no such file; give the metrics.csv of a run")
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("epoch")]
    if not rows:
        raise InputError(
            f"{path} has no epochs; give the metrics.csv of a run that has trained",
            "path",
            str(path),
        )
    epochs = sorted({int(float(row["epoch"])) for row in rows})
    place = {epoch: index for index, epoch in enumerate(epochs)}
    names = [name for name in rows[0] if name and name != "epoch"]
    sums, counts = ({name: np.zeros(len(epochs)) for name in names} for _ in range(2))
    for row in rows:
        at = place[int(float(row["epoch"]))]
        for name in (name for name in names if row.get(name)):
            sums[name][at] += float(row[name])
            counts[name][at] += 1
    with np.errstate(invalid="ignore"):
        means = {name: ("epoch", sums[name] / counts[name]) for name in names}
    return xr.Dataset(means, {"epoch": epochs})


@styled
def loss_curves(metrics: xr.Dataset) -> Figure:
    """Draw training loss and validation error of :func:`read_metrics`, and the best validation.

    Epochs are counted from 1. The loss is the mean over an epoch where the run has recorded it.
    """
    figure = Figure(figsize=(3.5, 2.7), layout="constrained")
    axes = figure.subplots()
    names = [str(n) for n in metrics if not _left_out(str(n), metrics)]
    others = sorted(name for name in names if name not in FIXED)
    for name in names:
        color = FIXED.get(name) or OTHERS[others.index(name) % len(OTHERS)]
        curve = metrics[name].dropna("epoch")
        alone = "o" if curve.size == 1 else ""
        axes.plot(curve.epoch + 1, curve, color=color, label=_words(name), marker=alone)
        if name.startswith("val") and curve.size > 1:
            best = curve.isel(epoch=int(np.argmin(curve.values)))
            text = f"best, {float(best):.3g}"
            axes.plot([int(best.epoch) + 1], [float(best)], "o", color=color, label=text)
    if names:
        log_or_linear(axes, *(metrics[name] for name in names))
    axes.set_xlabel("epoch")
    axes.set_xlim(0.5, float(metrics.epoch.max()) + 1.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_ylabel("loss, relative error")
    legend_above(figure, axes)
    return figure


def _words(name: str) -> str:
    """Return the name of a column in words."""
    group, _, what = name.partition("/")
    stage = {"train": "training", "val": "validation"}.get(group, group)
    what = what.removesuffix("_epoch").replace("_", " ").replace("l2", "L2")
    return " ".join(filter(None, [stage, what]))


def _left_out(name: str, metrics: xr.Dataset) -> bool:
    return (
        name.startswith((*NOT_CURVES, "test"))
        or "lr-" in name
        or (name == "train/loss" and "train/loss_epoch" in metrics)
        or not bool(metrics[name].notnull().any())
    )
