"""Weights of the points of a grid that stand for the taps of a kernel on another grid."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rule = Literal["points", "means"]
"""What a tap of a kernel sees: the field at a point, or its mean over a cell of the training."""
Array = NDArray[np.float64]


@lru_cache(maxsize=256)
def tap_weights(places: tuple[float, ...], ratio: float, rule: Rule) -> tuple[int, Array]:
    r"""Return the weights of the grid's points for taps at some places.

    With ``points`` the field at the place, by linear interpolation; with ``means`` its mean over
    the cell of the training grid around the place, where each point stands for its own cell:

    .. math:: w_{kj} = \max(0,\, 1 - |p_k - j|), \qquad
       w_{kj} = \frac{1}{r}\, \bigl|[p_k - \tfrac r2,\, p_k + \tfrac r2] \cap
       [j - \tfrac12,\, j + \tfrac12]\bigr|

    Both are the unit matrix on the training grid and sum to 1, so constants are preserved; both
    are of second order in the spacing. On a coarser grid than that of the training a cell holds no
    point, and both are the first.

    Parameters
    ----------
    places
        Places p of the taps, in spacings of the grid.
    ratio
        Spacing of the training grid r, in spacings of the grid.
    rule
        Which of the two.

    Returns
    -------
    first, weights
        Index of the first point, and ``(taps, points)``.

    Examples
    --------
    >>> tap_weights((-2.0, 0.0, 2.0), 2.0, "points")[1].tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
    >>> first, weights = tap_weights((0.0,), 2.0, "means")
    >>> first, weights.tolist()
    (-1, [[0.25, 0.5, 0.25]])
    """
    p = np.round(places, 9)[:, None]  # so that thirds of a spacing meet the points again
    half = ratio / 2 if rule == "means" and ratio > 1 else 0.0
    first, last = int(np.floor(p.min() - half)), int(np.ceil(p.max() + half))
    j = np.arange(first, last + 1)
    if half:
        ends = np.minimum(p + half, j + 0.5), np.maximum(p - half, j - 0.5)
        return first, np.clip(ends[0] - ends[1], 0.0, None) / ratio
    return first, np.clip(1 - np.abs(p - j), 0.0, None)


def stretch(
    kernel: Tensor, offsets: Sequence[Sequence[float]], ratios: Sequence[float], rule: Rule
) -> tuple[Tensor, list[int]]:
    """Return a kernel on a grid of another spacing, and the offset of its first point per axis.

    Parameters
    ----------
    kernel
        Weights ``(out, in, *taps)`` on the training grid.
    offsets
        Offsets of the taps along each axis, in spacings of the training grid.
    ratios
        Spacing of the training grid along each axis, in spacings of the other grid.
    rule
        What a tap sees.

    Examples
    --------
    >>> made, first = stretch(torch.tensor([[[1.0, 2, 3]]]), [(-1, 0, 1)], [2.0], "means")
    >>> first, made.tolist()
    ([-3], [[[0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 0.75]]])
    """
    starts = []
    for places, ratio in zip(offsets, ratios, strict=True):
        # One tap is pointwise, and remains so.
        kind = rule if len(places) > 1 else "points"
        first, weights = tap_weights(tuple(ratio * z for z in places), ratio, kind)
        # The axis in front is contracted, and its points become the last axis.
        kernel = torch.tensordot(kernel, torch.as_tensor(weights).to(kernel), ([2], [0]))
        starts.append(first)
    return kernel, starts
