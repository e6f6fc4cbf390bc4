"""Power spectra of truth and prediction: over the steps of a rollout, or over resolutions."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurop.plots.style import COLORS, label, step_text, styled, unit_text

STEPS = 3
LOWEST = 1e-10
"""Share of the largest power at which the axis ends: below is rounding."""
LINES = {"truth": "-", "prediction": "-", "interpolated": "--"}


@styled
def rollout_spectra(run: xr.Dataset, field: int = 0) -> Figure:
    """Draw the spectra of truth and prediction of :func:`neurop.evaluation.rollout.rollout`.

    The steps are the first, a middle and the last one with a truth, and the last of all.
    """
    known = int(run.attrs["known_steps"]) or run.sizes["step"]
    chosen = np.unique([*np.linspace(0, known - 1, STEPS).astype(int), run.sizes["step"] - 1])
    return _panels(
        [run.isel(step=index, field=field) for index in chosen],
        [step_text(run, index) for index in chosen],
    )


@styled
def superres_spectra(scores: xr.Dataset, field: int = 0) -> Figure:
    """Draw the spectra per resolution of :func:`neurop.evaluation.superres.superres`.

    A line marks the Nyquist wavenumber of the training grid.
    """
    resolutions = scores.resolution.values
    figure = _panels(
        [scores.isel(resolution=i, field=field) for i in range(len(resolutions))],
        [f"{r} points" for r in resolutions],
    )
    nyquist = (
        min(
            np.atleast_1d(scores.attrs["train_shape"])[
                -1 if "longitude" in np.atleast_1d(scores.attrs["axes"]) else slice(None)
            ].ravel()
        )
        / 2
    )
    for axes in figure.axes:
        axes.axvline(nyquist, color="0.6", linewidth=0.8, linestyle=":", label="training Nyquist")
    figure.axes[0].legend()
    return figure


def _panels(panels: list[xr.Dataset], titles: list[str]) -> Figure:
    figure = Figure(figsize=(2.4 * len(panels) + 0.5, 2.4), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, data, title in zip(grid, panels, titles, strict=True):
        _spectrum(axes, data)
        axes.set_title(title)
        axes.set_xlabel("wavenumber (cycles per domain)")
    powers = [
        data[f"spectrum_{kind}"].where(data.wavenumber > 0)
        for data in panels
        for kind in ("truth", "prediction")
    ]
    top = max(
        (float(power.max()) for power in powers[::2] if power.notnull().any()),
        default=float(powers[1].max()),
    )
    grid[0].set_ylim(LOWEST * top, 5 * top)
    unit = unit_text(str(panels[0].unit.item()))
    # The unit is on a second line, because it may be long.
    named = label(str(panels[0].field.item()), str(panels[0].unit.item())).replace(" (", "\n(")
    grid[0].set_ylabel(f"power of {named}" + ("$^2$" if unit else ""))
    grid[0].legend()
    return figure


def _spectrum(axes: Axes, data: xr.Dataset) -> None:
    """Draw the shells above zero of each kind of field, on logarithmic axes."""
    for kind, line in LINES.items():
        if (name := f"spectrum_{kind}") not in data:
            continue
        power = data[name].where(data.wavenumber > 0, drop=True)
        power = power.where(np.isfinite(power) & (power > 0), drop=True)
        axes.plot(power.wavenumber, power, line, color=COLORS[kind], label=kind)
    axes.set_xscale("log")
    axes.set_yscale("log")
