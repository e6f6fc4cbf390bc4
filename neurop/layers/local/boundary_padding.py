"""Ghost points beyond the ends of a grid, by the boundary of each axis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spectral import check_waves

_TWICE_GAP = {"ends": (0, 0), "left": (0, 2), "cells": (1, 1), "gauss": (1, 1)}
"""Twice the distance from the first and the last point to the end of an axis, in spacings."""


class BoundaryPadding(nn.Module):
    r"""Extend fields by ghost points beyond the ends of each axis, as its boundary implies.

    With w the end of the axis (the wall), d a distance from it and f the field:

    ============  ========================================================================
    periodic      the other end
    dirichlet     odd about the value at the wall, :math:`f(w - d) = 2 f(w) - f(w + d)`
    open          the same, which continues value and slope
    neumann       even, :math:`f(w - d) = f(w + d)`
    pole          the meridian opposite: latitude mirrored, longitude turned by 180 degrees
    ============  ========================================================================

    The odd extension is about the value at the wall rather than about 0, since a normalised field
    is not 0 there: it commutes with :math:`f \mapsto a f + b`. Where the layout has no point on the
    wall, :math:`f(w)` is extrapolated linearly, on a neumann axis by a parabola without slope at
    the wall. The poles are those of a whole sphere; the values
    are scalars, so the components of a vector, which change sign across a pole, are not treated as
    such. An odd number of longitudes has no meridian opposite: the two nearest are averaged. Ghost
    points whose mirror image lies beyond the other end take the value of that end.

    Parameters
    ----------
    domain
        Grid of the fields.
    width
        Number of ghost points at each end: one for all axes or one per axis.

    Shape
    -----
    ``(..., *grid) -> (..., *grid + 2 width)``.

    Raises
    ------
    InputError
        If an axis has Chebyshev points, which have no spacing.

    Examples
    --------
    >>> from neurop.geometry.axis import Axis
    >>> x = torch.tensor([0.0, 1.0, 3.0])
    >>> for boundary in ("dirichlet", "neumann", "open"):
    ...     BoundaryPadding(Grid((Axis("x", boundary, layout="ends"),)), 2)(x).tolist()
    [-3.0, -1.0, 0.0, 1.0, 3.0, 5.0, 6.0]
    [3.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.0]
    [-3.0, -1.0, 0.0, 1.0, 3.0, 5.0, 6.0]
    >>> BoundaryPadding(Grid.periodic(1), 2)(x).tolist()
    [1.0, 3.0, 0.0, 1.0, 3.0, 0.0, 1.0]
    """

    def __init__(self, domain: Grid, width: int | Sequence[int] = 1) -> None:
        super().__init__()
        check_waves(domain.axes, "a local convolution")
        self.domain = domain
        self.width = (width,) * domain.dimensions if isinstance(width, int) else tuple(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the extended fields."""
        # Latitudes first: across a pole they need the longitudes without ghost points.
        for index, width in enumerate(self.width):
            x = pad_axis(x, self.domain, index, width, width)
        return x


def pad_axis(x: Tensor, domain: Grid, index: int, before: int, after: int) -> Tensor:
    """Return fields with ghost points on one axis; see :class:`BoundaryPadding`.

    Parameters
    ----------
    x
        Fields ``(..., *grid)``.
    domain
        Grid of the fields.
    index
        Index of the axis.
    before, after
        Number of ghost points before the first and after the last point.

    Examples
    --------
    >>> pad_axis(torch.tensor([1.0, 2.0, 3.0]), Grid.periodic(1), 0, 1, 0).tolist()
    [3.0, 1.0, 2.0, 3.0]
    """
    parts = [x]
    if before:
        parts = [*reversed(_ghosts(x, domain, index, before, at_end=False)), x]
    if after:
        parts += _ghosts(x, domain, index, after, at_end=True)
    return torch.cat(parts, x.dim() - domain.dimensions + index) if len(parts) > 1 else x


def _ghosts(x: Tensor, domain: Grid, index: int, count: int, at_end: bool) -> list[Tensor]:
    """Return the ghost points of one end, outwards."""
    dim = x.dim() - domain.dimensions + index
    axis, n = domain.axes[index], x.shape[dim]

    def inside(j: int) -> Tensor:
        """Return the point number j counted from the end, or the last there is."""
        j = min(max(j, 0), n - 1)
        return x.narrow(dim, n - 1 - j if at_end else j, 1)

    if axis.boundary == "periodic":
        steps = range(count)
        return [x.narrow(dim, (j if at_end else n - 1 - j) % n, 1) for j in steps]
    gap = _TWICE_GAP[axis.layout][at_end]
    polar = isinstance(domain, Sphere) and domain.is_whole
    if polar:
        # The last latitude before a pole that is no point of the grid stands for the pole.
        wall = inside(0).mean(-1, keepdim=True).expand_as(inside(0))
    else:
        slope = inside(0) - inside(1)
        wall = inside(0) + slope * (1 / 3 if axis.boundary == "neumann" else gap / 2)
    ghosts = []
    for j in range(1, count + 1):
        if j < gap:  # the wall itself
            ghosts.append(wall)
        elif polar:
            ghosts.append(opposite(inside(j - gap)))
        elif axis.boundary == "neumann":
            ghosts.append(inside(j - gap))
        else:
            ghosts.append(2 * wall - inside(j - gap))
    return ghosts


def opposite(x: Tensor, dim: int = -1) -> Tensor:
    """Return fields with the longitudes, dimension `dim`, turned by 180 degrees.

    Of an odd number of longitudes it is the mean of the two meridians that are nearest.
    """
    half = x.shape[dim] // 2
    if x.shape[dim] % 2 == 0:
        return x.roll(half, dim)
    return (x.roll(half, dim) + x.roll(half + 1, dim)) / 2
