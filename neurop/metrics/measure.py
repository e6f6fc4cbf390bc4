"""The cell measure of a domain that is a part of its grid."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Measure:
    r"""Weights of means over the cells of a domain; cells outside weigh nothing.

    .. math:: \langle x \rangle = \sum_i w_i m_i x_i \Big/ \sum_i w_i m_i

    with w the cell measure of the grid and m the mask, which is 1 inside and 0 outside.

    Parameters
    ----------
    cells
        Cell measure of the grid, ``(*grid)``.
    inside
        Which cells belong to the domain, ``(batch, *grid)``; a batch of 1 is that of all samples.

    Examples
    --------
    >>> import torch
    >>> from neurop.metrics.norms import mean
    >>> inside = torch.tensor([[True, True, False, False]])
    >>> mean(torch.tensor([[1.0, 3.0, 9.0, 9.0]]), Measure(torch.ones(4), inside))
    tensor([2.])
    """

    cells: Tensor
    inside: Tensor

    def dim(self) -> int:
        """Return the number of axes of the grid."""
        return self.cells.dim()

    def over(self, x: Tensor) -> Tensor:
        """Return weights of mean 1 that broadcast with fields ``(batch, ..., *grid)``."""
        axes = tuple(range(-self.dim(), 0))
        weights = self.cells * self.inside.to(self.cells)
        weights = weights / weights.mean(dim=axes, keepdim=True)
        between = [1] * (x.dim() - 1 - self.dim())
        return weights.view(weights.shape[0], *between, *self.cells.shape)

    def between(self, axis: int) -> Measure:
        """Return the measure of the differences between neighbours along an axis.

        Parameters
        ----------
        axis
            Dimension of the grid, negative.
        """
        n = self.cells.shape[axis] - 1
        both = self.inside.narrow(axis, 0, n) & self.inside.narrow(axis, 1, n)
        return Measure(self.cells.narrow(axis, 0, n), both)


Weights = Tensor | Measure
"""Cell measure ``(*grid)`` of mean 1, or that of a part of the grid."""
