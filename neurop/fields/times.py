"""Time steps and their units."""

from __future__ import annotations

from typing import Any

import numpy as np

SECONDS = {
    "s": 1.0,
    "seconds": 1.0,
    "min": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hours": 3600.0,
    "d": 86400.0,
    "days": 86400.0,
}


def in_seconds(step: Any, unit: str) -> tuple[float, str]:
    """Return a time step and its unit, converted to seconds if the unit is a unit of time.

    Examples
    --------
    >>> in_seconds(6.0, "h"), in_seconds(0.5, "1")
    ((21600.0, 's'), (0.5, '1'))
    """
    if isinstance(step, np.timedelta64):
        return float(step / np.timedelta64(1, "s")), "s"
    factor = SECONDS.get(unit)
    return (float(step), unit) if factor is None else (float(step) * factor, "s")
