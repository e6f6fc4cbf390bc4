"""The climatology at the valid time of a forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet

YEAR, DAY = 365.25, np.timedelta64(1, "D")
WINDOW = 30.5
"""Half width, in days, of the window of 61 days of WeatherBench 2."""
BLOCK = 64
"""Frames of the training data in memory at once."""


class Climatology:
    r"""Mean of the training data at the time of the day, and the season where they tell it.

    .. math:: c(d, h) = \sum_i w_i x_i \Big/ \sum_i w_i, \qquad
       w_i = \max\bigl(0,\ 1 - |d - d_i| / 30.5\bigr)

    over the frames i at the hour h of the day, with the distance of the days of the year d on the
    circle, as WeatherBench 2 has it. A record of less than a year tells no season: there all
    frames at the hour have the same weight. Without dates it is the mean of all frames.

    Parameters
    ----------
    train
        Training data.

    Attributes
    ----------
    kind
        What it is, in words.
    """

    def __init__(self, train: FieldSet) -> None:
        self.train = train
        times = None if train.times is None else train.times.values
        self.dates = times if times is not None and times.dtype.kind == "M" else None
        self.days = 0.0 if self.dates is None else _length(self.dates)
        self.seasonal = self.days >= YEAR - 1
        if self.dates is None:
            self.kind = f"mean of {train.values.shape[1]} frames"
        elif self.seasonal:
            self.kind = f"by day of the year and hour, {self.days / YEAR:.1f} years"
        else:
            self.kind = f"by hour of the day alone, from a record of {self.days:.0f} days"

    def at(self, dates: NDArray[Any] | None, count: int) -> NDArray[np.float64]:
        """Return the climatology at some valid times, ``(time, channel, *grid)``.

        Parameters
        ----------
        dates
            Valid times; None for data without dates.
        count
            Number of valid times.

        Raises
        ------
        InputError
            If no training frame has the hour, or the season, of a valid time.
        """
        frames = self.train.values.shape[1]
        if self.dates is None or dates is None or np.asarray(dates).dtype.kind != "M":
            return np.repeat(self._means(np.ones((1, frames))), count, axis=0)
        hours = [_hour(times) for times in (dates, self.dates)]
        weights = (hours[0][:, None] == hours[1]).astype(np.float64)
        if self.seasonal:
            days = [_day(times) for times in (dates, self.dates)]
            apart = np.abs(days[0][:, None] - days[1])
            weights *= np.clip(1 - np.minimum(apart, YEAR - apart) / WINDOW, 0, None)
        if (none := np.flatnonzero(weights.sum(1) == 0)).size:
            raise InputError.of(
                "climatology", str(dates[none[0]]), "the training data have no frame of that hour"
            )
        # Equal rows are computed once: the same hour, or the same hour and day.
        rows, where = np.unique(weights, axis=0, return_inverse=True)
        return self._means(rows)[where.ravel()]

    def _means(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weighted means over the frames of all samples, ``(row, channel, *grid)``."""
        values = self.train.values
        total = np.zeros((len(weights), *values.shape[2:]))
        size = np.zeros(len(weights))
        for sample in range(len(self.train)):
            for first in range(0, self.train.length(sample), BLOCK):
                last = min(first + BLOCK, self.train.length(sample))
                block = np.asarray(values[sample, first:last], np.float64)
                total += np.tensordot(weights[:, first:last], block, axes=1)
                size += weights[:, first:last].sum(1)
        return total / size.reshape(-1, *[1] * (total.ndim - 1))


def _length(dates: NDArray[Any]) -> float:
    """Return the days of a record, the step after its last frame included."""
    step = dates[1] - dates[0] if len(dates) > 1 else np.timedelta64(0, "s")
    return float((dates[-1] - dates[0] + step) / DAY)


def _hour(times: NDArray[Any]) -> NDArray[np.int64]:
    """Return the seconds since midnight."""
    seconds = np.asarray(times, "datetime64[s]")
    return (seconds - seconds.astype("datetime64[D]")).astype(np.int64)


def _day(times: NDArray[Any]) -> NDArray[np.float64]:
    """Return the days since the begin of the year."""
    seconds = np.asarray(times, "datetime64[s]")
    return np.asarray((seconds - seconds.astype("datetime64[Y]")) / np.timedelta64(1, "D"))
