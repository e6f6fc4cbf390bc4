"""Times of frames, time steps and their units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.units import conversion

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


@dataclass(frozen=True, eq=False)
class Times:
    """Times of the frames of a set.

    Parameters
    ----------
    values
        Numbers in `unit`, or ``datetime64``.
    unit
        Unit of numbers.
    lengths
        Number of frames of each sample, the first ones; by default all samples have all.

    Examples
    --------
    >>> hours = Times(np.arange(0.0, 24.0, 6.0), "h")
    >>> len(hours), float(hours.step), hours[1:].values.tolist()
    (4, 6.0, [6.0, 12.0, 18.0])
    """

    values: NDArray[Any]
    unit: str = "1"
    lengths: tuple[int, ...] | None = None

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.values)

    def __getitem__(self, which: slice) -> Times:
        """Return the times of some frames."""
        counts = self.lengths and tuple(len(range(n)[which]) for n in self.lengths)
        return Times(self.values[which], self.unit, counts)

    def samples(self, which: slice) -> Times:
        """Return the times of some samples."""
        return replace(self, lengths=self.lengths and self.lengths[which])

    @property
    def dated(self) -> bool:
        """Whether the times are dates or durations rather than numbers."""
        return self.values.dtype.kind in "mM"

    @property
    def step(self) -> Any:
        """Interval of frames (number, or ``timedelta64``); None for a single frame."""
        return self.values[1] - self.values[0] if len(self) > 1 else None


def in_seconds(step: Any, unit: str) -> tuple[float, str]:
    """Return a time step and its unit, converted to seconds if the unit is a unit of time.

    Examples
    --------
    >>> in_seconds(6.0, "h"), in_seconds(0.25, "hour"), in_seconds(0.5, "1")
    ((21600.0, 's'), (900.0, 's'), (0.5, '1'))
    """
    if isinstance(step, np.timedelta64):
        return float(step / np.timedelta64(1, "s")), "s"
    pair = conversion(unit, "s")
    return (float(step), unit) if pair is None else (float(step) * pair[0], "s")
