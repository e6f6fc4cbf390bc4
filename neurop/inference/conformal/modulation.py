"""The typical size of errors on other grids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurop.geometry.grid import Grid


def on_grid(
    modulation: NDArray[np.float64], grid: Grid, shape: Sequence[int]
) -> NDArray[np.float64]:
    """Return positive values on another grid of the domain, their logarithm interpolated linearly.

    Parameters
    ----------
    modulation
        Values above 0, ``(..., *grid)``.
    grid
        Domain.
    shape
        Points per axis of the result.

    Examples
    --------
    >>> on_grid(np.array([1.0, 4.0]), Grid.periodic(1), (4,)).round(9)
    array([1., 2., 4., 2.])
    """
    old = modulation.shape[-grid.dimensions :]
    if tuple(shape) == old:
        return modulation
    values, first = np.log(modulation), modulation.ndim - grid.dimensions
    for dim, (axis, before, after) in enumerate(zip(grid.axes, old, shape, strict=True), first):
        period = 1.0 if axis.boundary == "periodic" else None
        points = axis.points(before), axis.points(after)
        matrix = np.stack([np.interp(*points[::-1], one, period=period) for one in np.eye(before)])
        values = np.moveaxis(np.tensordot(values, matrix, (dim, 0)), -1, dim)
    return np.exp(values)
