"""Maps over space and time, whose input channels are the frames of a state."""

from __future__ import annotations

from collections.abc import Sequence

from neurop.geometry.axis import BOTH_ENDS, Axis

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


def starts_with_given(time: Axis) -> bool:
    """Return whether the first time of a map is that of its input frame, not one step later.

    So it is for time axes with a point at the start of an interval or of a period, which have one
    input frame.

    Examples
    --------
    >>> [starts_with_given(Axis("t", "open", layout=layout)) for layout in ("chebyshev", "left")]
    [True, False]
    """
    return time.layout in BOTH_ENDS or time.boundary == "periodic"
