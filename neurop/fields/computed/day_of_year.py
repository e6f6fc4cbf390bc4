"""The day of the year, as sine and cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurop.fields.computed.computed import Computed
from neurop.fields.field import Field


@dataclass(frozen=True)
class DayOfYear(Computed):
    r"""Sine and cosine of :math:`2\pi` times the share of the year, 0 at the start of 1 January.

    The share is of the year's own 365 or 366 days, so it has no jump at the end of a leap year. It
    is a number per frame.

    Examples
    --------
    >>> dates = np.array(["2024-07-02T00:00"], "datetime64[s]")  # 183 of 366 days
    >>> DayOfYear().values(dates, np.zeros((1, 1)), np.zeros(1)).round(6).ravel().tolist()
    [0.0, -1.0]
    """

    fields = (
        Field("day_of_year_sin", "1", "sine of the day of the year"),
        Field("day_of_year_cos", "1", "cosine of the day of the year"),
    )
    role = "forcing"
    on_sphere = False

    def values(
        self,
        dates: NDArray[np.datetime64],
        latitude: NDArray[np.float64],
        longitude: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the two numbers of each date, ``(2, time)``."""
        year = dates.astype("datetime64[Y]")
        length = (year + 1).astype("datetime64[D]") - year.astype("datetime64[D]")
        share = (dates - year.astype("datetime64[D]")) / length
        return np.stack([np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)])
