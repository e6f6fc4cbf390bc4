"""Errors over the time of training, and the ratio of the times to the same error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

import numpy as np

Curve = list[tuple[float, float]]
"""Seconds and errors, in order of time."""


def points(rows: Iterable[Mapping[str, Any]], path: str) -> Curve:
    """Return time and error of each training of a path.

    Parameters
    ----------
    rows
        With ``path``, ``budget``, ``train_seconds`` and ``error``.
    path
        Name of the path.
    """
    return sorted(
        (float(row["train_seconds"]), float(row["error"])) for row in rows if row["path"] == path
    )


def median_curve(rows: Iterable[Mapping[str, Any]], path: str) -> Curve:
    """Return the medians over seeds of a path's time and error at each budget."""
    groups: dict[str, Curve] = {}
    for row in rows:
        if row["path"] == path:
            found = groups.setdefault(str(row["budget"]), [])
            found.append((float(row["train_seconds"]), float(row["error"])))
    return sorted(
        (median(seconds for seconds, _ in group), median(error for _, error in group))
        for group in groups.values()
    )


def times_as_long(ours: Curve, theirs: Curve) -> float | None:
    r"""Return how many times as long the other curve takes to its smallest error.

    The time of ours to that error is interpolated between budgets, logarithms of error against
    logarithms of time. It is the time of the shortest budget, if that one reaches it: the ratio is
    then a lower bound.

    Parameters
    ----------
    ours, theirs
        Seconds and errors.

    Returns
    -------
    float or None
        None if our errors do not reach theirs.

    Examples
    --------
    >>> ours = [(10.0, 0.04), (20.0, 0.02), (40.0, 0.01)]
    >>> times_as_long(ours, [(50.0, 0.04), (100.0, 0.02)])
    5.0
    >>> times_as_long(ours, [(100.0, 0.001)]) is None
    True
    """
    seconds, goal = min(theirs, key=lambda point: point[1])
    # The smallest error so far: more time is never a reason to be worse.
    best = np.minimum.accumulate([error for _, error in ours])
    reached = int(np.argmax(best <= goal))
    if best[reached] > goal:
        return None
    if reached == 0:
        return seconds / ours[0][0]
    (left, _), (right, _) = ours[reached - 1 : reached + 1]
    high, low = np.log(best[reached - 1 : reached + 1])
    share = (high - np.log(goal)) / (high - low)
    return float(round(seconds / (left * (right / left) ** share), 9))
