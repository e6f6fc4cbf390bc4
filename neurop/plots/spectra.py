"""Power spectra of truth and prediction: over the steps of a rollout, or over resolutions."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neurop.plots.style import COLORS, label, legend_above, step_text, styled, unit_text

STEPS = 3
LOWEST = 1e-10
"""Share of the largest power at which the axis ends at the latest: below is rounding."""
LINES = {"truth": "-", "prediction": "-", "interpolated": "--"}


@styled
def rollout_spectra(run: xr.Dataset, field: int = 0) -> Figure:
    """Draw the spectra of truth and prediction of :func:`neurop.evaluation.rollout.rollout`.

    The steps are the first, a middle and the last one with a truth, and the last of all.
    """
    known = int(run.attrs["known_steps"]) or run.sizes["step"]
    chosen = np.unique([*np.linspace(0, known - 1, STEPS).astype(int), run.sizes["step"] - 1])
    figure = _panels(
        [run.isel(step=index, field=field) for index in chosen],
        [step_text(run, index) for index in chosen],
    )
    legend_above(figure, *figure.axes)
    return figure


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
    legend_above(figure, *figure.axes, columns=4)
    return figure


def _panels(panels: list[xr.Dataset], titles: list[str]) -> Figure:
    figure = Figure(figsize=(2.4 * len(panels) + 0.5, 2.6), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, data, title in zip(grid, panels, titles, strict=True):
        _spectrum(axes, data)
        axes.set_title(title)
        axes.set_xlabel(str(data.wavenumber.attrs.get("long_name", "wavenumber")))
    grid[0].set_ylim(*_limits(panels))
    unit = unit_text(str(panels[0].unit.item()))
    # The unit is on a second line, because it may be long.
    named = label(str(panels[0].field.item()), str(panels[0].unit.item())).replace(" (", "\n(")
    grid[0].set_ylabel(f"power of {named}" + ("$^2$" if unit else ""))
    return figure


def _limits(panels: list[xr.Dataset]) -> tuple[float, float]:
    """Return limits around the powers, those of the truth first, since a prediction may diverge."""
    kinds = [
        np.concatenate([_positive(data[f"spectrum_{kind}"]) for data in panels])
        for kind in ("truth", "prediction")
    ]
    known = next((values for values in kinds if values.size), np.ones(1))
    top = float(known.max())
    lowest = min((float(values.min()) for values in kinds if values.size), default=top)
    return max(0.5 * lowest, LOWEST * top), 5 * top


def _positive(power: xr.DataArray) -> NDArray[np.float64]:
    """Return the finite powers of the shells above zero."""
    values = power.where(power.wavenumber > 0, drop=True).values
    return np.asarray(values[np.isfinite(values) & (values > 0)], dtype=np.float64)


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
