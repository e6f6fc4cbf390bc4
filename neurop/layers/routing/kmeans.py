"""Centres of clusters by Lloyd's algorithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STARTS, ROUNDS = 4, 100
"""Number of starts, the best of which is kept, and of rounds of each at most."""


def kmeans(points: Array, count: int, seed: int = 0) -> Array:
    r"""Return centres that make the sum of squared distances of points to the nearest one small.

    .. math:: \min_{c} \sum_i \min_e |x_i - c_e|^2

    Lloyd's algorithm from starts by k-means++: each further centre is a point, drawn in proportion
    to its squared distance from the centres so far. With fewer different points than centres, some
    centres are equal.

    Parameters
    ----------
    points
        ``(n, features)``, one or more.
    count
        Number of centres.
    seed
        Seed of the starts.

    Returns
    -------
    numpy.ndarray
        ``(count, features)``.

    Examples
    --------
    >>> kmeans(np.array([[0.0], [0.2], [5.0], [5.2]]), 2).round(3).ravel().tolist()
    [5.1, 0.1]

    References
    ----------
    Arthur and Vassilvitskii, k-means++: The advantages of careful seeding, SODA 2007.
    """
    rng = np.random.default_rng(seed)
    tries = [_lloyd(points, _start(points, count, rng)) for _ in range(STARTS)]
    return min(tries, key=lambda found: found[1])[0]


def _start(points: Array, count: int, rng: np.random.Generator) -> Array:
    chosen = [points[rng.integers(len(points))]]
    while len(chosen) < count:
        weights = squares(points, np.array(chosen)).min(1)
        total = weights.sum()
        chosen.append(points[rng.choice(len(points), p=weights / total if total > 0 else None)])
    return np.array(chosen)


def _lloyd(points: Array, centres: Array) -> tuple[Array, float]:
    for _ in range(ROUNDS):
        cells = squares(points, centres).argmin(1)
        moved = centres.copy()  # that of an empty cell stays
        for cell in np.unique(cells):
            moved[cell] = points[cells == cell].mean(0)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres, float(squares(points, centres).min(1).sum())


def squares(points: Array, centres: Array) -> Array:
    """Return the squared distances of points from centres, ``(points, centres)``."""
    return np.stack([((points - one) ** 2).sum(1) for one in centres], axis=1)
