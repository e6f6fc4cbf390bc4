"""Times of the frames that a surrogate predicts, after the last given one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.times import SECONDS, Times, in_seconds

MONTHS = {"months": 1, "years": 12}
"""Units of time steps that are no fixed number of seconds, in months."""


@dataclass(frozen=True)
class Clock:
    """Times of the predicted frames: numbers, dates, or dates of another calendar.

    Parameters
    ----------
    last
        Time of the last given frame: a number, ``datetime64``, ``timedelta64`` or a date of cftime.
    apart
        Time between frames, which is added to it; a number of months for dates in months or years.
    unit
        Unit of `last` if it is a number.
    step, step_unit
        Time step of the surrogate, for the lead times.

    Examples
    --------
    >>> Clock(np.datetime64("2026-01-31", "ns"), 1, "months", 1.0, "months").times(1, 2).values
    array(['2026-02-28T00:00:00.000000000', '2026-03-31T00:00:00.000000000'],
          dtype='datetime64[ns]')
    >>> Clock(5.0, 0.5, "s", 0.5, "s").times(1, 3).values, Clock(0, 6, "h", 6, "h").leads(1, 2)
    (array([5.5, 6. , 6.5]), (array([ 6., 12.]), 'h'))
    """

    last: Any
    apart: Any
    unit: str
    step: float
    step_unit: str

    def times(self, first: int, count: int) -> Times:
        """Return the times of `count` steps from step number `first` on; step 0 is given."""
        steps = np.arange(first, first + count)
        if isinstance(self.apart, timedelta):
            dates = np.empty(count, object)
            dates[:] = [self.last + int(i) * self.apart for i in steps]
            return Times(dates, self.unit)
        if isinstance(self.last, np.datetime64) and self.unit in MONTHS:
            return Times(_months_later(self.last, steps * self.apart), "1")
        return Times(self.last + steps * self.apart, self.unit)

    def leads(self, first: int, count: int) -> tuple[NDArray[np.float64], str]:
        """Return the times since the last given frame, and their unit; whole hours in hours."""
        step, unit = self.step, self.step_unit
        if SECONDS.get(unit) == 1.0 and step % 3600 == 0:
            step, unit = step / 3600, "h"
        return np.arange(first, first + count, dtype=np.float64) * step, unit


def clock_of(given: Times | None, step: float | None, unit: str, history: int = 1) -> Clock | None:
    """Return the times of the frames after the given ones; None for frames without times.

    Parameters
    ----------
    given
        Times of the input frames; without any the last one is at time 0.
    step, unit
        Time between frames and its unit; None for frames without times.
    history
        Number of last frames that are used.

    Raises
    ------
    InputError
        If the frames that are used are not one step apart, or the units of their times and of
        `step` do not convert.
    """
    if step is None:
        return None
    if given is None:
        return Clock(0.0, step, unit, step, unit)
    times, own = given.values, given.unit or unit
    calendar = times.dtype.kind == "O" and hasattr(times[0], "calendar")
    if times.dtype.kind not in "mMiuf" and not calendar:
        raise InputError(
            f"the times are of type {type(times[0]).__name__}; decode them to datetime64 or to "
            "numbers",
            "time",
            type(times[0]).__name__,
        )
    apart: Any = step
    gaps: NDArray[Any] = np.diff(times[-history:])
    if times.dtype.kind == "M" and unit in MONTHS:
        apart, own = round(step * MONTHS[unit]), unit
        gaps = np.diff(times[-history:].astype("M8[M]").astype(np.int64))
    elif times.dtype.kind in "mM" or calendar:
        own, (seconds, known) = "s", in_seconds(step, unit)
        if known != "s":
            raise InputError(
                f"the times are dates, the surrogate makes steps of {step:g} '{unit}'; give "
                "numbers in that unit, or no times",
                "time",
                unit,
            )
        apart = np.timedelta64(round(seconds * 1e9), "ns")
        if calendar:
            apart = timedelta(seconds=seconds)
    elif own != unit:
        if own not in SECONDS or unit not in SECONDS:
            raise InputError(
                f"the times are in '{own}', the surrogate makes steps of {step:g} '{unit}'; "
                "convert them",
                "time",
                own,
            )
        apart = step * SECONDS[unit] / SECONDS[own]
    for gap in gaps:
        if abs(gap - apart) > 1e-3 * abs(apart):
            (found, of), (needed, _) = (in_seconds(_plain(g), own) for g in (gap, apart))
            raise InputError(
                f"the given frames are {found:g} {of} apart; give {history} that are {needed:g} "
                f"{of} apart, in order",
                "step",
                found,
            )
    return Clock(times[-1], apart, own, step, unit)


def _plain(gap: Any) -> Any:
    return gap.total_seconds() if isinstance(gap, timedelta) else gap


def _months_later(last: np.datetime64, months: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return the same day of later months, or their last day if they are shorter."""
    own = last.astype("M8[M]")
    begins = own + months.astype("m8[M]")
    longest = (begins + 1).astype("M8[ns]") - begins.astype("M8[ns]") - np.timedelta64(1, "D")
    within = last.astype("M8[ns]") - own.astype("M8[ns]")
    day = np.timedelta64(1, "D")
    late = within > longest + day - np.timedelta64(1, "ns")
    made: NDArray[np.datetime64] = begins.astype("M8[ns]") + np.where(
        late, longest + within % day, within
    )
    return made
