"""The time of day, as sine and cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurop.fields.computed.computed import Computed
from neurop.fields.field import Field


@dataclass(frozen=True)
class TimeOfDay(Computed):
    r"""Sine and cosine of :math:`2\pi` times the share of the UTC day, 0 at midnight.

    It is a number per frame. With ``latlon`` a network can form the local time.

    Examples
    --------
    >>> dates = np.array(["2026-01-01T06:00"], "datetime64[s]")
    >>> TimeOfDay().values(dates, np.zeros((1, 1)), np.zeros(1)).round(6).ravel().tolist()
    [1.0, 0.0]
    """

    fields = (
        Field("time_of_day_sin", "1", "sine of the time of day (UTC)"),
        Field("time_of_day_cos", "1", "cosine of the time of day (UTC)"),
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
        share = (dates - dates.astype("datetime64[D]")) / np.timedelta64(1, "D")
        return np.stack([np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)])
