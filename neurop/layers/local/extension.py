"""Continuation of channels-last fields beyond the ends of their axes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.geometry.axis import Axis

_BEYOND = {"ends": (0, 0), "cells": (1, 1), "left": (0, 2)}
"""Twice the distance of the first and the last point from the end of the axis, in spacings."""


def extend(x: Tensor, axes: Sequence[Axis], widths: Sequence[int]) -> Tensor:
    """Continue a field by points beyond both ends of each axis, as the boundary implies.

    A ``periodic`` axis wraps around. At a ``neumann`` end the field is reflected. At a
    ``dirichlet`` or ``open`` end it is reflected about its value there, 2 f(end) - f(reflected
    point), which continues value and slope; a field that is 0 at the end is continued as an odd
    one. An end that is not a point of the layout takes the value of a line through the two nearest
    points (``neumann``: of a parabola without slope).

    Parameters
    ----------
    x
        Field ``(batch, *grid, channels)``.
    axes
        Axes of the grid.
    widths
        Number of added points at each end, per axis: at most the number of points, less one for the
        layout ``ends``.

    Returns
    -------
    Tensor
        ``(batch, n_1 + 2 w_1, ..., channels)``.

    Examples
    --------
    >>> x = torch.tensor([0.0, 1, 4, 9]).view(1, 4, 1)
    >>> extend(x, [Axis("x")], [1]).flatten().tolist()
    [9.0, 0.0, 1.0, 4.0, 9.0, 0.0]
    >>> extend(x, [Axis("x", "dirichlet", layout="ends")], [2]).flatten().tolist()
    [-4.0, -1.0, 0.0, 1.0, 4.0, 9.0, 14.0, 17.0]
    >>> extend(x, [Axis("x", "neumann", layout="cells")], [2]).flatten().tolist()
    [1.0, 0.0, 0.0, 1.0, 4.0, 9.0, 9.0, 4.0]
    """
    for dim, (axis, width) in enumerate(zip(axes, widths, strict=True), start=1):
        if width == 0:
            continue
        n = x.shape[dim]
        periodic = axis.boundary == "periodic"
        size = width if periodic else max(width + 1, 2)
        if n >= 2 * size:
            # The backward pass of a split is one copy, that of slices one per slice.
            first, *middle, last = x.split([size, n - 2 * size, size], dim)
        else:
            size = min(size, n)
            first, middle, last = x.narrow(dim, 0, size), [x], x.narrow(dim, n - size, size)
        if periodic:
            before, after = last, first
        else:
            even = axis.boundary == "neumann"
            near, far = _BEYOND[axis.layout]
            before = _beyond(first, dim, width, near, even).flip(dim)
            after = _beyond(last.flip(dim), dim, width, far, even)
        whole = middle if middle[0] is x else [first, *middle, last]
        x = torch.cat([before, *whole, after], dim)
    return x


def _beyond(x: Tensor, dim: int, width: int, gap: int, even: bool) -> Tensor:
    """Return the values at the points beyond the first one, from the nearest to the farthest.

    Parameters
    ----------
    x
        The first points, ``width + 1`` and 2 at least, where there are as many.
    gap
        Twice the distance of the first point from the end, in spacings.
    """
    first = x.narrow(dim, 0, 1)
    if x.shape[dim] == 1:
        return torch.cat([first] * width, dim)
    slope = first - x.narrow(dim, 1, 1)
    # Reflected, the k-th point beyond the first is the one with the index k - gap.
    start = 1 - gap
    mirrored = x.narrow(dim, max(start, 0), min(width, width + start))
    if even:
        end = first + slope / 3
        values = mirrored
    else:
        end = first + 0.5 * gap * slope
        values = 2 * end - mirrored
    return torch.cat([end, values], dim) if start < 0 else values
