"""Cost of a case over resolution and over modes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from neurop.plots.style import CYCLE, legend_above, log_or_linear, styled

SIZES = ("dimensions", "batch", "width", "points", "modes")
MARKERS = "os^vDx"
PATHS = ("neurop", "torch-fft", "neuraloperator", "neurop-compiled", "neurop-first")
"""Implementations with a colour that is the same in every figure."""


@styled
def cost(timings: xr.Dataset) -> Figure:
    """Draw milliseconds per evaluation and training step of :func:`neurop.bench.as_dataset`.

    The columns are over points and over modes, each for the largest family of cases that are equal
    otherwise; layers if there are any, else models.
    """
    figure = Figure(figsize=(6.6, 4.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col", sharey="row")
    scopes = timings.scope.values.tolist()
    shown = timings.isel(
        row=[i for i, scope in enumerate(scopes) if scope == "layer" or "layer" not in scopes]
    )
    found = dict.fromkeys(shown.path.values.tolist())
    order = [*(path for path in PATHS if path in found), *(p for p in found if p not in PATHS)]
    free = len(PATHS)
    styles = {}
    for path in order:
        at = PATHS.index(path) if path in PATHS else free
        free += path not in PATHS
        styles[path] = (CYCLE[at % len(CYCLE)], MARKERS[at % len(MARKERS)])
    families = {name: _family(shown, name) for name in ("points", "modes")}
    for column, (name, family) in enumerate(families.items()):
        values = sorted(set(family[name].values.tolist()))
        for row, (measure, what) in enumerate(
            (("forward_ms", "evaluation"), ("step_ms", "training step"))
        ):
            _draw(axes[row, column], family, name, measure, styles)
            axes[row, 0].set_ylabel(f"{what} (ms)")
        axes[1, column].set_xticks(values, [str(v) for v in values])
        axes[1, column].xaxis.set_minor_locator(NullLocator())
        axes[1, column].set_xlabel(f"{name} per axis")
        first = {size: int(family[size][0]) for size in SIZES}
        fixed = (
            f"{first['modes']} modes" if name == "points" else f"{first['points']} points per axis"
        )
        axes[0, column].set_title(
            f"{first['dimensions']}-D {family.scope.values[0]}, {first['batch']} × "
            f"{first['width']} channels, {fixed}"
        )
    for row, measure in enumerate(("forward_ms", "step_ms")):
        log_or_linear(axes[row, 0], *(family[measure] for family in families.values()))
    legend_above(figure, *axes.flat, columns=len(styles))
    return figure


def _draw(
    axes: Axes, family: xr.Dataset, name: str, measure: str, styles: dict[Any, tuple[str, str]]
) -> None:
    for path, (color, marker) in styles.items():
        one = family.isel(
            row=[i for i, p in enumerate(family.path.values.tolist()) if p == path]
        ).sortby(name)
        axes.plot(one[name], one[measure], marker=marker, color=color, label=path)
    axes.set_xscale("log", base=2)


def _family(timings: xr.Dataset, free: str) -> xr.Dataset:
    """Return the rows of the largest set of cases that agree in all sizes but one."""
    fixed = [size for size in SIZES if size != free]
    keys = list(zip(*(timings[size].values.tolist() for size in fixed), strict=True))
    cases = set(zip(keys, timings[free].values.tolist(), strict=True))
    largest, _ = Counter(key for key, _ in sorted(cases)).most_common(1)[0]
    return timings.isel(row=[i for i, key in enumerate(keys) if key == largest])
