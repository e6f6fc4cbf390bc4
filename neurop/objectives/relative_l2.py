"""The relative L2 loss, with an optional gradient term.

Fields are in units of their scales (:func:`neurop.metrics.norms.scaled`), the standard deviations
of the training data, so that squares stay within the range of float32 in any physical units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.metrics.measure import Measure, Weights
from neurop.metrics.norms import by_field, mean, ratio, relative


class RelativeL2(nn.Module):
    r"""Relative L2 error of prediction p and truth y, optionally with that of the gradient (H1).

    .. math:: \frac{\lVert p - y \rVert}{\lVert y \rVert} + \lambda
       \frac{\lVert \nabla(p - y) \rVert}{\lVert \nabla y \rVert},

    the mean over samples and fields. Norms are weighted by the cell measure and taken of each field
    by itself, over all steps of a trajectory. The gradient is that of first differences over
    fractions of the domain; its term counts the fluxes of an elliptic problem, whose errors may be
    large where those of the field are small. A norm of the truth below
    :data:`neurop.metrics.norms.FLOOR` counts as that large.

    With `geometric` fields are averaged by the geometric mean, whose gradient weighs the relative
    change of each field's error equally, so that a field that can hardly be predicted does not
    dominate. Up to a constant, its logarithm is the loss of Kendall et al. at the optimal variance
    of each field and sample.

    Parameters
    ----------
    gradient
        Factor :math:`\lambda`, 0 or more.
    geometric
        Whether fields are averaged by the geometric mean.

    Raises
    ------
    InputError
        If the factor is negative.

    Examples
    --------
    >>> truth = torch.ones(2, 1, 8)
    >>> RelativeL2()(1.1 * truth, truth, torch.ones(8))
    tensor(0.1000)

    References
    ----------
    Li et al., Fourier neural operator, 2021, arXiv:2010.08895, section 5; Czarnecki et al., Sobolev
    training for neural networks, 2017, arXiv:1706.04859; Kendall et al., Multi-task learning using
    uncertainty, 2018, arXiv:1705.07115.
    """

    def __init__(self, gradient: float = 0.0, geometric: bool = False) -> None:
        super().__init__()
        if gradient < 0:
            raise InputError.of("gradient", gradient, "give 0 or more")
        self.gradient, self.geometric = gradient, geometric

    def forward(self, prediction: Tensor, truth: Tensor, weights: Weights) -> Tensor:
        """Return the scalar loss of fields ``(batch, ..., channel, *grid)``.

        Parameters
        ----------
        prediction, truth
            Fields in units of their scales.
        weights
            Cell measure, of mean 1.
        """
        error = prediction - truth
        loss = relative(error, truth, weights)
        if self.gradient:
            steps = truth.shape[1 : -weights.dim() - 1].numel()
            slope, size = (_slope(x, weights) for x in (error, truth))
            loss = loss + self.gradient * ratio(slope, size, steps)
        if self.geometric:
            loss = loss.clamp_min(torch.finfo(loss.dtype).tiny).log().mean(1).exp()
        return loss.mean()


def _slope(field: Tensor, weights: Weights) -> Tensor:
    """Return the squared norm of the gradient, ``(batch, channel)``."""
    parts = []
    for axis in range(-weights.dim(), 0):
        n = field.shape[axis]
        between = (
            weights.between(axis)
            if isinstance(weights, Measure)
            else weights.narrow(axis, 0, n - 1)
        )
        parts.append(by_field(mean((field.diff(dim=axis) * n).square(), between)))
    return torch.stack(parts).sum(0)
