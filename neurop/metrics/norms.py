r"""Norms and scores that mean the same at any resolution: means over space carry the cell measure.

Every function takes ``(batch, ..., *grid)`` and `weights` of the grid with mean 1
(:meth:`neurop.geometry.grid.Grid.weights`), and returns one value per sample unless it says
otherwise.
"""

from __future__ import annotations

import torch
from torch import Tensor


def norm(x: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Return the L2 norm per sample, :math:`\sqrt{\sum_c \langle w\, x_c^2 \rangle}`, shape
    ``(batch,)``.

    The mean over space stands for the integral over the domain; all other axes are summed.
    """
    square = x.square() if weights is None else x.square() * weights
    space = 0 if weights is None else weights.dim()
    points = x.shape[x.dim() - space :].numel() if space else 1
    total = square.flatten(1).sum(1) / points
    # The root has no slope at 0: a sample that is met exactly would turn all gradients into NaN.
    none = total == 0
    return torch.where(none, 0.0, torch.where(none, 1.0, total).sqrt())


def relative_l2(prediction: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Return :math:`\lVert p - y \rVert / \lVert y \rVert` per sample, shape ``(batch,)``.

    For trajectories ``(batch, time, channel, *grid)`` this is the error of the stacked trajectory.

    Examples
    --------
    >>> y = torch.ones(2, 1, 8)
    >>> relative_l2(1.5 * y, y).tolist()
    [0.5, 0.5]
    """
    return norm(prediction - truth, weights) / norm(truth, weights).clamp_min(
        torch.finfo(truth.dtype).tiny
    )


def by_field(x: Tensor, weights: Tensor) -> Tensor:
    """Return ``(batch, ..., channel, *grid)`` as ``(batch * channel, ..., *grid)``: every field
    a sample of its own.
    """
    return x.movedim(x.dim() - weights.dim() - 1, 1).flatten(0, 1)


def rmse(prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    r"""Return :math:`\sqrt{\langle w (p - y)^2 \rangle}` over space, shape of the leading axes,
    in the field's unit.
    """
    return mean((prediction - truth).square(), weights).sqrt()


def correlation(prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted Pearson correlation over space, shape of the leading axes."""
    p = prediction - mean(prediction, weights)[(...,) + (None,) * weights.dim()]
    y = truth - mean(truth, weights)[(...,) + (None,) * weights.dim()]
    return mean(p * y, weights) / (mean(p.square(), weights) * mean(y.square(), weights)).sqrt()


def mean(x: Tensor, weights: Tensor) -> Tensor:
    r"""Return :math:`\langle w x \rangle` over the axes of `weights`, the trailing ones of `x`."""
    return (x * weights).mean(dim=tuple(range(-weights.dim(), 0)))
