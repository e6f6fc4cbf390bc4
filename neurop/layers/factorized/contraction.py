"""What a way to contract costs: counts of multiplications and of numbers moved, with measured
weights.

The weights are a non-negative least-squares fit to the times, forward alone and with the backward
pass, of 288 contractions with 80 factorised weights (1 to 3 dimensions, 6 to 64 modes, widths 24 to
64, batches 4 to 64, ranks 1/2 to 1/150) on one core with AVX-512. The way that they choose takes 5
% longer than the fastest on the mean, and within 10 % of it for six weights of seven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRODUCT = 1.0
MIX = 1.4
MOVE = 40.0


@dataclass(frozen=True)
class Work:
    """Counts of one forward pass; the backward pass does each of them twice, whatever the way.

    Parameters
    ----------
    products
        Multiplications in matrix products.
    mixes
        Multiplications in the mixing of channels mode by mode, where each matrix serves one mode
        only.
    moved
        Numbers written to memory, or read from it as weights that serve one mode only.
    """

    products: float = 0
    mixes: float = 0
    moved: float = 0

    @property
    def cost(self) -> float:
        """Time in that of one multiplication of a matrix product."""
        return PRODUCT * self.products + MIX * self.mixes + MOVE * self.moved

    def __add__(self, other: Work) -> Work:
        return Work(
            self.products + other.products, self.mixes + other.mixes, self.moved + other.moved
        )


def product(rows: float, inner: float, columns: float) -> Work:
    """Return the work of a matrix product."""
    return Work(products=rows * inner * columns, moved=rows * columns)


def mixing(batch: float, kept: Sequence[int], channels_in: float, channels_out: float) -> Work:
    """Return the work of mixing the channels of each mode by its complex matrix."""
    modes, packed = numbers(kept)
    weights = 2 * modes * channels_in * channels_out
    return Work(mixes=2 * batch * weights, moved=weights + packed * batch * channels_out)


def numbers(kept: Sequence[int]) -> tuple[int, int]:
    """Return how many signed frequencies and how many packed real coefficients there are below
    `kept`.
    """
    leading = 1
    for e in kept[:-1]:
        leading *= 2 * e - 1
    return leading * kept[-1], leading * (2 * kept[-1] - 1)
