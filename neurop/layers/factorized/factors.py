"""Ranks, initial values and slices of the factors of a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def fitted(
    wanted: Sequence[float],
    limits: Sequence[float],
    count: Callable[[Sequence[int]], int],
    budget: float,
) -> tuple[int, ...]:
    """Return the largest ranks of at least 1, about proportional to `wanted`, within a budget.

    Parameters
    ----------
    wanted
        Proportions of the ranks.
    limits
        Upper bounds of the ranks.
    count
        Number of parameters of given ranks.
    budget
        Largest number of parameters.
    """

    def at(scale: float) -> list[int]:
        return [
            int(max(1, min(round(scale * w), limit)))
            for w, limit in zip(wanted, limits, strict=True)
        ]

    low, high = 0.0, max(limit / w for w, limit in zip(wanted, limits))
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if count(at(middle)) <= budget else (low, middle)
    ranks = at(low)
    while True:  # The rest of the budget goes to the rank that is furthest below its proportion.
        for j in sorted(range(len(ranks)), key=lambda j: ranks[j] / wanted[j]):
            more = [*ranks[:j], ranks[j] + 1, *ranks[j + 1 :]]
            if more[j] <= limits[j] and count(more) <= budget:
                ranks = more
                break
        else:
            return tuple(ranks)


def balance(factors: Sequence[Tensor], square: float, wanted: float) -> None:
    """Scale the factors of a product in place to one common size of their entries.

    The sum of squares of the product changes from `square` to `wanted`. Optimizers like Adam make
    steps of one size for all entries, so that entries of one size change by the same fraction.
    """
    sizes = [float(f.square().mean().log()) / 2 for f in factors]
    common = (math.log(wanted / square) / 2 + sum(sizes)) / len(factors)
    for factor, size in zip(factors, sizes):
        factor.mul_(math.exp(common - size))


def orthonormal(n: int, r: int) -> Tensor:
    """Return a random matrix with orthonormal columns, or rows if there are more columns."""
    return nn.init.orthogonal_(torch.empty(n, r))


def rows(factor: Tensor, dim: int, modes: int, kept: int, one_sided: bool) -> Tensor:
    """Return the slice of an axis's factor for the frequencies below `kept`."""
    if kept == modes:
        return factor
    low = factor.narrow(dim, 0, kept)
    return low if one_sided else torch.cat([low, factor.narrow(dim, modes, kept - 1)], dim)
