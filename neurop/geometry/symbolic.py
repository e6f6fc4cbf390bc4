"""Points, weights and measures of a number of points that an exported graph leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import BOTH_ENDS, Axis
from neurop.geometry.sphere import Sphere

if TYPE_CHECKING:
    from neurop.geometry.grid import Grid


def is_symbolic(n: int) -> bool:
    """Return whether a size is a symbol of a graph under export, and no number.

    Examples
    --------
    >>> is_symbolic(16)
    False
    """
    return isinstance(n, torch.SymInt)


def points(axis: Axis, n: int, device: torch.device | None = None) -> Tensor:
    """Return :meth:`neurop.geometry.axis.Axis.points` as operations of a graph, float64.

    Parameters
    ----------
    axis
        Axis of any layout but ``gauss``, whose points are roots that a graph cannot find.
    n
        Number of points, or its symbol.
    device
        Device of the result.

    Raises
    ------
    InputError
        If the layout is ``gauss``.

    Examples
    --------
    >>> points(Axis("x", layout="cells"), 2).tolist()
    [0.25, 0.75]
    """
    if axis.layout == "gauss":
        raise InputError.of("layout", "gauss", "its points need a known number; name the grids")
    count = torch.arange(n, dtype=torch.float64, device=device)
    if axis.layout == "ends":
        return count / (n - 1)
    if axis.layout == "chebyshev":
        return torch.sin(0.5 * torch.pi * count / (n - 1)) ** 2
    return (count + (0.5 if axis.layout == "cells" else 0.0)) / n


def weights(axis: Axis, n: int, device: torch.device | None = None) -> Tensor:
    """Return :meth:`neurop.geometry.axis.Axis.weights` as operations of a graph, float64.

    The arguments are those of :func:`points`, the errors too.

    Examples
    --------
    >>> weights(Axis("x", "open", layout="ends"), 3).tolist()
    [0.25, 0.5, 0.25]
    """
    at = points(axis, n, device)
    if axis.layout not in BOTH_ENDS:
        return torch.ones_like(at) / n
    j = torch.arange(n, dtype=torch.float64, device=device)
    trapezoids = torch.where((j == 0) | (j == n - 1), 0.5, 1.0).to(at) / (n - 1)
    if axis.layout == "ends":
        return trapezoids
    # Clenshaw-Curtis (:func:`neurop.geometry.quadrature.clenshaw_curtis`), with zeros for k > N/2.
    b = torch.where((j == 0) | (2 * j == n - 1), 1.0, 2.0) * (2 * j <= n - 1)
    return trapezoids * (
        torch.cos(2 * torch.pi / (n - 1) * torch.outer(j, j)) @ (b / (1 - 4 * j**2))
    )


def measure(grid: Grid, shape: Sequence[int], like: Tensor) -> Tensor:
    """Return :meth:`neurop.geometry.grid.Grid.measure` as operations of a graph.

    Examples
    --------
    >>> from neurop.geometry.grid import Grid
    >>> measure(Grid.periodic(2), (2, 2), torch.ones(())).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    if isinstance(grid, Sphere):
        latitude, longitude = (points(a, n, like.device) for a, n in zip(grid.axes, shape))
        axis = grid.axes[0]
        angle = axis.start + axis.length * latitude
        degrees = angle if axis.unit.startswith("rad") else torch.deg2rad(angle)
        w = degrees.cos().clamp_min(0)[:, None] * torch.ones_like(longitude)
    else:
        w = torch.ones((), dtype=torch.float64, device=like.device)
        for axis, n in zip(grid.axes, shape, strict=True):
            w = w[..., None] * weights(axis, n, like.device)
    return (w / w.mean()).to(like)
