"""Random points that fill a box, closer together at its ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from scipy.stats.qmc import LatinHypercube, scale
from torch import Tensor


def clustered(domain: Sequence[Sequence[float]], points: int, seed: int) -> Tensor:
    r"""Return points of a Latin hypercube that is denser at the ends, ``(points, axes)``.

    .. math:: x = a + (b - a)\,\frac{1 - \cos \pi s}{2}

    with s a point of a Latin hypercube in the unit box: each of `points` intervals of equal length
    of s has one point on every axis. The density is that of Chebyshev's points, under which the
    error of a least-squares fit is as large inside as at the ends.

    Examples
    --------
    >>> x = clustered([(0, 1)], 4, seed=0).flatten().sort().values
    >>> (4 * torch.acos(1 - 2 * x) / torch.pi).floor().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    lower, upper = zip(*domain)
    drawn = LatinHypercube(len(domain), seed=seed).random(points)
    nearer = (1 - torch.cos(math.pi * torch.from_numpy(drawn))) / 2
    return torch.from_numpy(scale(nearer.numpy(), lower, upper))
