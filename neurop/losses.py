"""Training losses: modules called ``loss(prediction, truth, weights)``, in physical units."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.metrics import by_field, norm, relative_l2


class RelativeL2(nn.Module):
    r"""Relative L2 error, norms weighted by the cell measure; with `gradient` also that of the gradient (H1).

    .. math:: \frac{\lVert p - y \rVert}{\lVert y \rVert} + \lambda \frac{\lVert \nabla(p - y) \rVert}{\lVert \nabla y \rVert},

    mean over samples and fields, each field by itself, as their units have nothing in common; trajectories are stacked over
    their steps. The gradient is that of first differences over fractions
    of the domain. It holds the fluxes of an elliptic problem to account, which the small errors of a field may hide.
    Source: Li et al. (2021), section 5; for the second term Czarnecki et al., Sobolev training, 2017, arXiv:1706.04859.

    Parameters
    ----------
    gradient
        The factor :math:`\lambda`, 0 or more.

    Raises
    ------
    InputError
        If the factor is negative.
    """

    def __init__(self, gradient: float = 0.0) -> None:
        super().__init__()
        if gradient < 0:
            raise InputError(f"loss.gradient={gradient}; give 0 or more")
        self.gradient = gradient

    def forward(self, prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        """Return the scalar loss of ``(batch, ..., channel, *grid)``; `weights` has the shape of the grid."""
        prediction, truth = (by_field(x, weights) for x in (prediction, truth))
        loss = relative_l2(prediction, truth, weights).mean()
        if not self.gradient:
            return loss
        error, size = (_slope(field, weights) for field in (prediction - truth, truth))
        return loss + self.gradient * (error / size.clamp_min(torch.finfo(size.dtype).tiny)).mean()


def _slope(field: Tensor, weights: Tensor) -> Tensor:
    """Return the norm of the gradient per sample."""
    parts = []
    for axis in range(-weights.dim(), 0):
        n = field.shape[axis]
        parts.append(norm(field.diff(dim=axis) * n, weights.narrow(axis, 0, n - 1)))
    return norm(torch.stack(parts, dim=1))
