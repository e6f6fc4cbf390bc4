"""Weights as stacks of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Matrix:
    """Which axes of a weight are the rows and columns of a matrix; the others count matrices.

    Parameters
    ----------
    rows, columns
        Axes that together are the rows, and the columns. A negative axis counts from the last.
    parts
        Axis of real and imaginary part of complex matrices; None for real ones.

    Examples
    --------
    >>> import torch
    >>> spectral = Matrix((-3,), (-1,), -2)  # (*modes, in, 2, out)
    >>> spectral.stack(torch.zeros(7, 4, 6, 2, 5)).shape  # matrices, parts, rows, columns
    torch.Size([28, 2, 6, 5])
    >>> Matrix((0,), (1, 2, 3)).stack(torch.zeros(8, 6, 3, 3)).shape  # a kernel (out, in, 3, 3)
    torch.Size([1, 1, 8, 54])
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    parts: int | None = None

    def sizes(self, shape: Sequence[int]) -> tuple[int, int, int, int]:
        """Return the numbers of matrices, parts, rows and columns of a weight of `shape`."""
        rows, columns = (math.prod(shape[i] for i in part) for part in (self.rows, self.columns))
        parts = 1 if self.parts is None else shape[self.parts]
        return math.prod(shape) // max(parts * rows * columns, 1), parts, rows, columns

    def stack(self, weight: Tensor) -> Tensor:
        """Return a weight, or a tensor of its shape, as ``(matrices, parts, rows, columns)``."""
        return weight.permute(self._order(weight.ndim)).reshape(self.sizes(weight.shape))

    def unstack(self, matrices: Tensor, shape: Sequence[int]) -> Tensor:
        """Return a weight of `shape` from its ``(matrices, parts, rows, columns)``."""
        order = self._order(len(shape))
        back = sorted(range(len(shape)), key=order.__getitem__)
        return matrices.reshape([shape[i] for i in order]).permute(back)

    def _order(self, ndim: int) -> list[int]:
        """Return the axes in the order matrices, parts, rows, columns."""
        parts = () if self.parts is None else (self.parts,)
        last = [i % ndim for i in (*parts, *self.rows, *self.columns)]
        return [*(i for i in range(ndim) if i not in last), *last]
