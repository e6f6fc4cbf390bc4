"""Cost model of contraction orders: counts of operations and of numbers moved, weighted.

The weights are a non-negative least-squares fit to the times, without and with the backward pass,
of 288 contractions with 80 factorised weights (1 to 3 dimensions, 6 to 64 modes, widths 24 to 64,
batches 4 to 64, ranks 1/2 to 1/150) on one core with AVX-512. The chosen order takes 5 % longer
than the fastest on average, and at most 10 % longer for six weights of seven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRODUCT = 1.0
MIX = 1.4
MOVE = 40.0


@dataclass(frozen=True)
class Work:
    """Counts of one forward pass; the backward pass doubles each of them, for every order.

    Parameters
    ----------
    products
        Number of multiplications in matrix products.
    mixes
        Number of multiplications in the mixing of channels, where each mode has its own matrix.
    moved
        Number of values written to memory, or read from it as weights of a single mode.
    """

    products: float = 0
    mixes: float = 0
    moved: float = 0

    @property
    def cost(self) -> float:
        """Time, in units of one multiplication of a matrix product."""
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
    """Return the numbers of signed frequencies and of packed real coefficients below `kept`."""
    leading = 1
    for e in kept[:-1]:
        leading *= 2 * e - 1
    return leading * kept[-1], leading * (2 * kept[-1] - 1)
