"""Read the times of the frames from a coordinate of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.times import Times
from neurop.formats.axes import Order
from neurop.formats.content import Coordinate

DAY = np.timedelta64(1, "D").astype("timedelta64[ns]")


def times_of(
    line: Coordinate | None, n: int, step: float | None, source: str
) -> tuple[Times, Order]:
    """Return the times of the frames, and the order that sorts them.

    Raises
    ------
    InputError
        If a time occurs twice, or the step is not constant.
    """
    if step is not None or line is None:
        unit = (line.unit if line else "") or "1"
        return Times((1.0 if step is None else step) * np.arange(n), unit), np.arange(n)
    # One time more than frames is common: solvers count the interval after the last frame.
    values = np.asarray(line.values)
    if len(values) not in (n, n + 1):
        raise InputError.in_file(
            source,
            f"{n} frames but {len(values)} times; name the axes in the file's order, or give step",
        )
    values = values[:n]
    dated = values.dtype.kind == "M"
    if (
        values.ndim != 1
        or values.dtype.kind not in "Miuf"
        or not (~np.isnat(values) if dated else np.isfinite(values)).all()
    ):
        raise InputError.in_file(
            source,
            f"the times are neither dates nor numbers ({values.ravel()[:2]}, ...); "
            "correct the file, or give step",
        )
    order = np.argsort(values, kind="stable")
    times = values[order].astype("datetime64[ns]") if dated else values[order].astype(np.float64)
    steps = np.diff(times)
    if len(steps) and not steps[0]:
        raise InputError.in_file(
            source, f"time {_shown(times[0])} occurs twice; remove the double entries"
        )
    slack = (
        abs(steps).min(initial=DAY) // 1000
        if dated
        else 1e-3 * abs(steps[0]) + 4e-7 * np.abs(times).max()
        if len(steps)
        else 0
    )
    if len(steps) and (np.abs(steps - steps[0]) > slack).any():
        at = int(np.argmax(np.abs(steps - steps[0]) > slack)) + 1
        before, after = (
            f"{s / np.timedelta64(1, 'h'):g} h" if dated else f"{s:g} {line.unit}".strip()
            for s in (steps[0], steps[at - 1])
        )
        raise InputError.in_file(
            source,
            f"time step {before} becomes {after} at {_shown(times[at])}; need one constant step",
        )
    return Times(
        _equal(np.asarray(times, "M8[ns]")) if dated else times, "1" if dated else line.unit or "1"
    ), order


def _equal(dates: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return dates in equal steps of whole milliseconds, where they differ from them by rounding.

    Examples
    --------
    >>> late = np.array(["2020-01-01T00:00:00", "2020-01-01T01:00:00.001"], "M8[ns]")
    >>> _equal(np.append(late, np.datetime64("2020-01-01T02:00:00", "ns")))[1].astype(str)
    np.str_('2020-01-01T01:00:00.000000000')
    """
    if len(dates) < 3 or (np.diff(dates) == dates[1] - dates[0]).all():
        return dates
    unit = np.timedelta64(1, "ms")
    step = np.round((dates[-1] - dates[0]) / unit / (len(dates) - 1)).astype(np.int64)
    return dates[0] + np.arange(len(dates)) * step * unit.astype("timedelta64[ns]")


def _shown(time: Any) -> str:
    return f"{time:.16}" if isinstance(time, np.datetime64) else f"{time:g}"
