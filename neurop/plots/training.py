"""Loss curves of a run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from neurop.errors import InputError
from neurop.plots.style import COLORS, CYCLE, log_or_linear, styled

NOT_CURVES = ("epoch", "step", "lr")


def read_metrics(path: Path | str) -> xr.Dataset:
    """Read ``metrics.csv`` of a run: the last value of each column per ``epoch``, NaN if none.

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
    columns = {name: np.full(len(epochs), np.nan) for name in rows[0] if name and name != "epoch"}
    for row in rows:
        for name, values in columns.items():
            if row.get(name):
                values[place[int(float(row["epoch"]))]] = float(row[name])
    return xr.Dataset(
        {name: ("epoch", values) for name, values in columns.items()}, {"epoch": epochs}
    )


@styled
def loss_curves(metrics: xr.Dataset) -> Figure:
    """Draw the training and validation columns of :func:`read_metrics`, and the best validation."""
    figure = Figure(figsize=(3.5, 2.6), layout="constrained")
    axes = figure.subplots()
    names = [str(n) for n in metrics if not _left_out(str(n), metrics)]
    fixed = {"train": COLORS["truth"], "val": COLORS["prediction"]}
    used: set[str] = set()
    for name in names:
        group = name.replace("_", "/").split("/")[0]
        color = next(
            c for c in [fixed.get(group, ""), *CYCLE, "0.5"] if (c and c not in used) or c == "0.5"
        )
        used.add(color)
        curve = metrics[name].dropna("epoch")
        axes.plot(
            curve.epoch, curve, color=color, label=name, marker="o" if curve.size == 1 else ""
        )
        if group == "val" and curve.size > 1:
            best = curve.isel(epoch=int(np.argmin(curve.values)))
            axes.plot(
                [int(best.epoch)], [float(best)], "o", color=color, label=f"best, {float(best):.3g}"
            )
    log_or_linear(axes, *(metrics[name] for name in names))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    if names:
        axes.legend()
    return figure


def _left_out(name: str, metrics: xr.Dataset) -> bool:
    return (
        name.startswith((*NOT_CURVES, "test"))
        or "lr-" in name
        or not bool(metrics[name].notnull().any())
    )
