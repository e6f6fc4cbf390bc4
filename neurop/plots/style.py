"""Style of the figures: colours that are distinct under colour blindness, typeset units."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from neurop.files import replacing

# Okabe and Ito (2008), Color Universal Design: distinct under every common colour blindness.
COLORS = {
    "truth": "#000000",
    "prediction": "#0072B2",
    "interpolated": "#D55E00",
    "persistence": "#777777",
    "climatology": "#CC79A7",
}
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SEQUENTIAL, DIVERGING, ERROR = "viridis", "RdBu_r", "PuOr_r"
STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.limits": (-3, 6),
    "axes.formatter.use_mathtext": True,
    "savefig.dpi": 300,
    "image.interpolation": "nearest",
}
P = ParamSpec("P")


def styled(make: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure in this style, without changing the settings of matplotlib."""

    @wraps(make)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return make(*args, **kwargs)

    return wrapped


def save(figure: Figure, path: Path | str, dpi: int = 300) -> Path:
    """Write a figure atomically, in the format of the suffix."""
    path = Path(path)
    with replacing(path) as part, mpl.rc_context(STYLE):
        figure.savefig(part, dpi=dpi, format=path.suffix.removeprefix(".") or None)
    return path


def unit_text(unit: str) -> str:
    r"""Return a CF unit, typeset.

    Examples
    --------
    >>> unit_text("kg m-2 s-1"), unit_text("1e-5 s-1"), unit_text("1"), unit_text("degrees_north")
    ('kg m$^{-2}$ s$^{-1}$', '10$^{-5}$ s$^{-1}$', '', '°N')
    """
    if unit in ("", "1"):
        return ""
    words = {"degrees_north": "°N", "degrees_east": "°E", "degrees": "°"}
    factor = re.sub(r"^1e(-?\d+)\b", r"10$^{\1}$", unit)
    return words.get(unit, re.sub(r"(?<=[A-Za-z])(-?\d+)", r"$^{\1}$", factor))


def label(name: str, unit: str = "") -> str:
    """Return ``name (unit)``, or only the name if there is no unit."""
    text = unit_text(unit)
    return f"{name.replace('_', ' ')} ({text})" if text else name.replace("_", " ")


def axis_label(array: xr.DataArray, name: str) -> str:
    """Return the label of a coordinate of `array`."""
    return label(name, str(array[name].attrs.get("units", ""))) if name in array.coords else name


def field_label(array: xr.DataArray) -> str:
    """Return name and unit of a field, from the coordinates ``field`` and ``unit`` if present."""
    name = (
        str(array["field"].item())
        if "field" in array.coords and array["field"].ndim == 0
        else str(array.attrs.get("long_name", array.name or ""))
    )
    unit = (
        str(array["unit"].item())
        if "unit" in array.coords and array["unit"].ndim == 0
        else str(array.attrs.get("units", ""))
    )
    return label(name, unit)


def readable_time(values: Any, unit: str) -> tuple[NDArray[np.float64], str]:
    """Return times in a readable unit: long spans of seconds in hours (``h``) or days (``d``).

    Examples
    --------
    >>> readable_time([21600.0, 86400.0], "s")
    (array([ 6., 24.]), 'h')
    """
    times = np.asarray(values, dtype=np.float64)
    longest = float(np.abs(times).max()) if times.size and unit in ("s", "seconds") else 0.0
    divisor, name = (
        (86400.0, "d")
        if longest > 10 * 86400
        else (3600.0, "h")
        if longest >= 2 * 3600
        else (1.0, unit)
    )
    return times / divisor, name


def step_text(run: xr.Dataset, index: int) -> str:
    """Return ``step 4 (24 h)`` of a rollout, or ``step 4`` if time has no unit."""
    times, unit = readable_time(run.time.values, str(run.time.attrs.get("units", "1")))
    text = f"step {int(run.step[index])}"
    return (
        text
        if unit == "1" and np.array_equal(times, run.step)
        else f"{text} ({' '.join(filter(None, [f'{times[index]:g}', unit_text(unit)]))})"
    )


def log_or_linear(axes: Axes, *values: Any, which: Literal["x", "y"] = "y") -> None:
    """Use a logarithmic axis if positive values span more than a factor of five, else one from 0.

    Up to a factor of 300, its labels are plain numbers.
    """
    joined = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values])
    positive = joined[np.isfinite(joined) & (joined > 0)]
    if not positive.size or positive.max() <= 5 * positive.min():
        axes.set(**{f"{which}lim": (0, None)})
        return
    axes.set(**{f"{which}scale": "log"})
    axis = axes.yaxis if which == "y" else axes.xaxis
    if positive.max() < 300 * positive.min():
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def legend_above(figure: Figure, *panels: Axes, columns: int = 2) -> None:
    """Draw one legend above the panels, off the data, with each label once."""
    handles: dict[str, Any] = {}
    for axes in panels:
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(text, handle)
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=columns)


def time_axis(axes: Axes, run: xr.Dataset) -> NDArray[np.float64]:
    """Label the time of a rollout in a readable unit, or in whole steps; return the times."""
    times, unit = readable_time(run.time.values, str(run.time.attrs.get("units", "1")))
    counted = unit == "1" and np.array_equal(times, run.step)
    axes.set_xlabel("step" if counted else label("time", unit))
    axes.xaxis.set_major_locator(MaxNLocator(integer=counted, steps=[1, 2, 5, 10]))
    return times
