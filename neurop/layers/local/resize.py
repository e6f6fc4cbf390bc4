"""Halving and doubling of grids by averages and linear interpolation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.local.boundary_padding import pad_axis


def nested(axis: Axis) -> bool:
    """Return whether every second point of an axis is a grid of the same layout.

    Then the coarse grid has those points; else (cells, and periodic axes, where any point may be
    the first) it has the centres of pairs.
    """
    return axis.boundary != "periodic" and axis.layout in ("ends", "left")


class Halve(nn.Module):
    """The layer of :func:`halve`.

    Parameters
    ----------
    domain
        Grid of the fields.

    Examples
    --------
    >>> Halve(Grid.periodic(1))(torch.tensor([0.0, 2.0, 4.0, 6.0])).tolist()
    [1.0, 5.0]
    """

    def __init__(self, domain: Grid) -> None:
        super().__init__()
        self.domain = domain

    def forward(self, x: Tensor) -> Tensor:
        """Return local averages on half of the points."""
        return halve(x, self.domain)


class Double(nn.Module):
    """The layer of :func:`double`.

    Parameters
    ----------
    domain
        Grid of the fields.

    Examples
    --------
    >>> Double(Grid.periodic(1))(torch.tensor([0.0, 4.0]), (4,)).tolist()
    [1.0, 1.0, 3.0, 3.0]
    """

    def __init__(self, domain: Grid) -> None:
        super().__init__()
        self.domain = domain

    def forward(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the fields on the grid of `shape`."""
        return double(x, self.domain, shape)


def halve(x: Tensor, domain: Grid) -> Tensor:
    """Return local averages of fields on half of the points, rounded up.

    On an axis of pairs (see :func:`nested`) the mean of two points, on one of nested grids that of
    three, weighted by 1/4, 1/2, 1/4. Averages that reach beyond an end use its ghost points
    (:class:`neurop.layers.local.boundary_padding.BoundaryPadding`).

    Parameters
    ----------
    x
        Fields ``(..., *grid)``.
    domain
        Grid of the fields.

    Returns
    -------
    Tensor
        Fields on the coarse grid.

    Examples
    --------
    >>> halve(torch.tensor([0.0, 2.0, 4.0, 6.0]), Grid.periodic(1)).tolist()
    [1.0, 5.0]
    >>> walls = Grid((Axis("x", "neumann", layout="ends"),))
    >>> halve(torch.tensor([0.0, 2.0, 4.0, 6.0, 8.0]), walls).tolist()
    [1.0, 4.0, 7.0]
    """
    for index, axis in enumerate(domain.axes):
        dim = x.dim() - domain.dimensions + index
        odd = x.shape[dim] % 2
        x = pad_axis(x, domain, index, int(nested(axis)), odd)
        if nested(axis):
            last = x.shape[dim] - 1
            x = (_pairs(x.narrow(dim, 0, last), dim) + _pairs(x.narrow(dim, 1, last), dim)) / 2
        else:
            x = _pairs(x, dim)
    return x


def double(x: Tensor, domain: Grid, shape: Sequence[int]) -> Tensor:
    """Return fields of a halved grid on the grid of `shape`, by linear interpolation.

    Parameters
    ----------
    x
        Fields ``(..., *coarse grid)``.
    domain
        Grid of the fields.
    shape
        Points per axis of the fine grid: twice those of the coarse grid, or one less.

    Returns
    -------
    Tensor
        Fields ``(..., *shape)``.

    Examples
    --------
    >>> double(torch.tensor([0.0, 4.0]), Grid.periodic(1), (4,)).tolist()
    [1.0, 1.0, 3.0, 3.0]
    >>> walls = Grid((Axis("x", "neumann", layout="ends"),))
    >>> double(torch.tensor([1.0, 4.0, 7.0]), walls, (5,)).tolist()
    [1.0, 2.5, 4.0, 5.5, 7.0]
    """
    for index, (axis, n) in enumerate(zip(domain.axes, shape, strict=True)):
        dim = x.dim() - domain.dimensions + index
        m = x.shape[dim]
        if nested(axis):
            x = pad_axis(x, domain, index, 0, 1)
            here, after = x.narrow(dim, 0, m), x.narrow(dim, 1, m)
            pair = [here, (here + after) / 2]
        else:
            x = pad_axis(x, domain, index, 1, 1)
            before, here, after = (x.narrow(dim, j, m) for j in range(3))
            pair = [0.75 * here + 0.25 * before, 0.75 * here + 0.25 * after]
        x = torch.stack(pair, dim + 1).flatten(dim, dim + 1).narrow(dim, 0, n)
    return x


def _pairs(x: Tensor, dim: int) -> Tensor:
    """Return the means of neighbours: points 0 and 1, 2 and 3, ..."""
    pairs = x.unflatten(dim, (x.shape[dim] // 2, 2))
    return (pairs.select(dim + 1, 0) + pairs.select(dim + 1, 1)) / 2
