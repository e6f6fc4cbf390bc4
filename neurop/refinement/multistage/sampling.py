"""Random points that fill a box evenly."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.stats.qmc import LatinHypercube, scale
from torch import Tensor


def stratified(domain: Sequence[Sequence[float]], points: int, seed: int) -> Tensor:
    """Return points of a Latin hypercube, ``(points, axes)``.

    Examples
    --------
    >>> x = stratified([(0, 1)], 4, seed=0).flatten().sort().values
    >>> (4 * x).floor().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    lower, upper = zip(*domain)
    drawn = LatinHypercube(len(domain), seed=seed).random(points)
    return torch.from_numpy(scale(drawn, lower, upper))
