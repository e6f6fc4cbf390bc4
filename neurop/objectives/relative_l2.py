"""Training losses: modules called ``loss(prediction, truth, weights)``.

Fields come in units of their scales (:func:`neurop.metrics.norms.scaled`), the deviations of the
training data, so that squares stay within the range of float32 whatever the physical units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.metrics.norms import FLOOR, by_field, norm, relative


class RelativeL2(nn.Module):
    r"""Relative L2 error, norms weighted by the cell measure; with `gradient` also that of the
    gradient (H1).

    .. math:: \frac{\lVert p - y \rVert}{\lVert y \rVert} + \lambda
       \frac{\lVert \nabla(p - y) \rVert}{\lVert \nabla y \rVert},

    mean over samples and fields, each field by itself, as their units have nothing in common;
    trajectories are stacked over their steps. The gradient is that of first differences over
    fractions of the domain. A norm of the truth below :data:`neurop.metrics.norms.FLOOR` counts as
    that large. It holds the fluxes of an elliptic problem to account, which the small errors of a
    field may hide. Source: Li et al. (2021), section 5; for the second term Czarnecki et al.,
    Sobolev training, 2017, arXiv:1706.04859.

    With `geometric` the mean over the fields is their geometric mean. Its gradient weighs the
    relative change of each field's error alike, so that a field that can hardly be predicted does
    not drown the others. Its logarithm is, but for a constant, the loss of Kendall et al. (2018,
    arXiv:1705.07115) at the best variance of each field, sample by sample.

    Parameters
    ----------
    gradient
        The factor :math:`\lambda`, 0 or more.
    geometric
        Whether errors of fields are averaged by their logarithms.

    Raises
    ------
    InputError
        If the factor is negative.
    """

    def __init__(self, gradient: float = 0.0, geometric: bool = False) -> None:
        super().__init__()
        if gradient < 0:
            raise InputError.of("gradient", gradient, "give 0 or more")
        self.gradient, self.geometric = gradient, geometric

    def forward(self, prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        """Return the scalar loss of ``(batch, ..., channel, *grid)`` in units of the fields'
        scales.

        `weights` has the shape of the grid.
        """
        error = prediction - truth
        loss = relative(error, truth, weights)
        if self.gradient:
            steps = truth.shape[1 : -weights.dim() - 1].numel()
            slope, size = (_slope(by_field(x, weights), weights) for x in (error, truth))
            ratio = slope / size.clamp_min(FLOOR * steps**0.5)
            loss = loss + self.gradient * ratio.view_as(loss)
        if self.geometric:
            loss = loss.clamp_min(torch.finfo(loss.dtype).tiny).log().mean(1).exp()
        return loss.mean()


def _slope(field: Tensor, weights: Tensor) -> Tensor:
    """Return the norm of the gradient per sample."""
    parts = []
    for axis in range(-weights.dim(), 0):
        n = field.shape[axis]
        parts.append(norm(field.diff(dim=axis) * n, weights.narrow(axis, 0, n - 1)))
    return norm(torch.stack(parts, dim=1))
