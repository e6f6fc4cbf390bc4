"""Names of maps over space and time, whose input channels are the frames of a state."""

from __future__ import annotations

from collections.abc import Sequence

TIME = "t"
"""Name of the axis of time, the last one of the grid."""


def frame_names(fields: Sequence[str], frames: int) -> list[str]:
    """Return the names of the input channels: all fields of the first frame, then of the next.

    Examples
    --------
    >>> frame_names(["u", "p"], 2)
    ['u_0', 'p_0', 'u_1', 'p_1']
    """
    return [f"{name}_{i}" for i in range(frames) for name in fields]
