r"""Convergence of a map of functions under refinement of the grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from neurop.geometry.axis import BOTH_ENDS
from neurop.geometry.grid import Grid
from neurop.spectral import resample

ROUNDING = 4096
"""A difference below so many units of rounding, 9e-13 in double precision, is none."""


@dataclass(frozen=True)
class Convergence:
    r"""Differences between the outputs on grids that are refined, and the orders they show.

    .. math:: d_N = \frac{\lVert L_N u - L_{2N} u \rVert}{\lVert L_{2N} u \rVert}, \qquad
       p_N = \log_2 \frac{d_N}{d_{2N}}

    Parameters
    ----------
    shapes
        Grids, each with twice the intervals of the one before.
    differences
        d of each grid and the next.
    shares
        Part of the output on the finer of both that no pointwise affine map of the input explains,
        relative to the output.
    epsilon
        Unit of rounding.
    """

    shapes: tuple[tuple[int, ...], ...]
    differences: tuple[float, ...]
    shares: tuple[float, ...]
    epsilon: float

    @property
    def order(self) -> float:
        """Observed order on the finest three grids; infinite where the outputs are equal."""
        return self._order(self.differences)

    @property
    def order_beyond_points(self) -> float:
        r"""Observed order of the differences relative to the shares.

        A kernel of a few points converges with order 1 too, to the sum of its weights, as its
        support shrinks: a pointwise map. Relative to what is not pointwise in its output its
        differences stay, with order 0. That of a map that is pointwise on every grid is infinite.
        """
        pairs = zip(self.differences, self.shares, strict=True)
        return self._order([d / max(share, self.least) for d, share in pairs])

    @property
    def least(self) -> float:
        """Difference that is rounding."""
        return ROUNDING * self.epsilon

    def _order(self, values: Sequence[float]) -> float:
        if self.differences[-1] <= self.least:
            return math.inf
        return math.log2(values[-2] / values[-1])


def convergence(
    call: Callable[[Tensor], Tensor], u: Tensor, domain: Grid, doublings: int = 3
) -> Convergence:
    """Return the convergence of a map of fields on a grid that is refined.

    Parameters
    ----------
    call
        Map of ``(batch, channels, *grid)`` at any resolution.
    u
        Input ``(batch, channels, *grid)`` on the coarsest grid. On the others it is the same
        function (:func:`neurop.spectral.resample`), so its modes are below the Nyquist frequency.
    domain
        Grid of the input.
    doublings
        Number of times that the grid is refined, at least 2.

    Examples
    --------
    >>> x = torch.arange(16, dtype=torch.float64) / 16
    >>> u = torch.sin(2 * torch.pi * x)[None, None]
    >>> def slope(v):  # central differences, order 2
    ...     return (v.roll(-1, -1) - v.roll(1, -1)) * v.shape[-1] / 2
    >>> round(convergence(slope, u, Grid.periodic(1)).order, 2)
    2.0
    >>> def difference(v):  # without the spacing: no limit but 0
    ...     return v.roll(-1, -1) - v.roll(1, -1)
    >>> bool(abs(convergence(difference, u, Grid.periodic(1)).order) < 0.1)
    True
    """
    shapes = refinements(domain, tuple(u.shape[2:]), doublings)
    inputs = [resample(u, domain, shape) for shape in shapes]
    with torch.no_grad():
        outputs = [call(x) for x in inputs]
    differences, shares = [], []
    for (coarse, fine), x in zip(pairwise(outputs), inputs[1:], strict=True):
        shape = tuple(coarse.shape[2:])
        there = sampled(fine, domain, shape)
        weights = domain.measure(shape, there)
        size = _norm(there, weights)
        differences.append(_norm(coarse - there, weights) / size)
        rest = _not_pointwise(sampled(x, domain, shape), there)
        shares.append(_norm(rest, weights) / size)
    epsilon = torch.finfo(outputs[0].dtype).eps
    return Convergence(tuple(shapes), tuple(differences), tuple(shares), epsilon)


def refinements(domain: Grid, shape: Sequence[int], doublings: int) -> list[tuple[int, ...]]:
    """Return shapes from a coarsest one on, each with twice the intervals per axis.

    Examples
    --------
    >>> from neurop.geometry.axis import Axis
    >>> refinements(Grid((Axis("x"), Axis("y", "open", layout="ends"))), (4, 5), 2)
    [(4, 5), (8, 9), (16, 17)]
    """
    made = [tuple(shape)]
    for _ in range(doublings):
        ends = [int(axis.layout in BOTH_ENDS) for axis in domain.axes]
        made.append(tuple(2 * (n - end) + end for n, end in zip(made[-1], ends, strict=True)))
    return made


def sampled(y: Tensor, domain: Grid, shape: tuple[int, ...]) -> Tensor:
    """Return fields of a refined grid on a coarser one: at its points, where both share them.

    Otherwise, with cells or Gauss latitudes, their projection on the modes of the coarser grid.
    """
    if any(axis.layout in ("cells", "gauss") for axis in domain.axes):
        return resample(y, domain, shape)
    for dim, (axis, n) in enumerate(zip(domain.axes, shape, strict=True), start=2):
        end = int(axis.layout in BOTH_ENDS)
        step = (y.shape[dim] - end) // (n - end)
        y = y[(slice(None),) * dim + (slice(None, None, step),)]
    return y


def _norm(y: Tensor, weights: Tensor) -> float:
    return float((y.square() * weights).mean().sqrt())


def _not_pointwise(x: Tensor, y: Tensor) -> Tensor:
    """Return y without its best fit by an affine map of the channels of x."""
    rows = torch.cat([x, torch.ones_like(x[:, :1])], 1).movedim(1, -1).flatten(0, -2)
    target = y.movedim(1, -1)
    fit = rows @ torch.linalg.lstsq(rows, target.flatten(0, -2)).solution
    return (target - fit.view(target.shape)).movedim(-1, 1)
