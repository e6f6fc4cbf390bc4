r"""Norms and scores that mean the same at any resolution and at any magnitude.

Means over space carry the cell measure: `weights` of the grid with mean 1
(:meth:`neurop.geometry.grid.Grid.weights`), on the trailing axes of ``(batch, ..., channel,
*grid)``. Relative errors are those of each field by itself, in units of its `scale`, the deviation
of the training data (:attr:`neurop.surrogate.Surrogate.scale`).
"""

from __future__ import annotations

import torch
from torch import Tensor

FLOOR = 1e-2
"""Root mean square, in units of a field's scale, below which a truth counts as that large.

A surrogate that is good to one per cent where the field is of ordinary size cannot tell a truth
below this floor from zero. An error of one per cent of the scale counts as 1 there, what predicting
zero costs elsewhere: a frame at rest takes part, and does not drown the others. A field whose mean
is large compared with its deviation never comes near it.
"""


def scaled(x: Tensor, scale: Tensor, weights: Tensor) -> Tensor:
    """Return ``(..., channel, *grid)`` in units of `scale`.

    The square of a field in physical units may leave the range of float32; that of a field in units
    of its own deviation does not.

    Parameters
    ----------
    x
        ``(..., channel, *grid)``, in physical units.
    scale
        ``(channel,)``, above 0, in the units of the fields.
    weights
        ``(*grid)``, the cell measure; says which axes are the grid's.

    Examples
    --------
    >>> scaled(torch.full((1, 1, 2), 3e25), torch.tensor([1e25]), torch.ones(2)).tolist()
    [[[3.0, 3.0]]]
    """
    return x / scale.to(x).view(-1, *[1] * weights.dim())


def norm(x: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Return the L2 norm per sample, :math:`\sqrt{\sum_c \langle w\, x_c^2 \rangle}`:
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


def relative(error: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    r"""Return the norm of errors over that of the truth, field by field: ``(batch, channel)``.

    .. math:: \frac{\lVert e_c \rVert}{\max(\lVert y_c \rVert,\, \epsilon \sqrt{S})}

    with :math:`\epsilon` the :data:`FLOOR`, and norms over space and the S steps of a trajectory.

    Parameters
    ----------
    error, truth
        ``(batch, ..., channel, *grid)``, in units of the fields' scales.
    weights
        ``(*grid)``, the cell measure.
    """
    channels = truth.shape[-weights.dim() - 1]
    error, truth = by_field(error, weights), by_field(truth, weights)
    steps = truth.shape[1 : truth.dim() - weights.dim()].numel()
    size = norm(truth, weights).clamp_min(FLOOR * steps**0.5)
    return (norm(error, weights) / size).view(-1, channels)


def relative_l2_field(prediction: Tensor, truth: Tensor, weights: Tensor, scale: Tensor) -> Tensor:
    r"""Return :math:`\lVert p_c - y_c \rVert / \lVert y_c \rVert` of each field: ``(batch,
    channel)``.

    Trajectories are stacked over their steps. A truth below :data:`FLOOR` times the scale counts as
    that large.

    Parameters
    ----------
    prediction, truth
        ``(batch, ..., channel, *grid)``, in physical units.
    weights
        ``(*grid)``, the cell measure.
    scale
        ``(channel,)``, the deviation of each field over the training data.

    Examples
    --------
    >>> y = torch.stack([torch.ones(8), torch.full((8,), 1e25)])[None]
    >>> p = y * torch.tensor([1.5, 1.25])[:, None]
    >>> relative_l2_field(p, y, torch.ones(8), torch.tensor([1.0, 1e25])).tolist()
    [[0.5, 0.25]]
    """
    p, y = scaled(prediction, scale, weights), scaled(truth, scale, weights)
    return relative(p - y, y, weights)


def relative_l2(prediction: Tensor, truth: Tensor, weights: Tensor, scale: Tensor) -> Tensor:
    r"""Return the relative L2 error per sample, the mean over fields of their own: ``(batch,)``.

    .. math:: \frac{1}{C} \sum_c \frac{\lVert p_c - y_c \rVert}{\lVert y_c \rVert}

    Arguments as in :func:`relative_l2_field`.

    Examples
    --------
    >>> y = torch.ones(2, 1, 8)
    >>> relative_l2(1.5 * y, y, torch.ones(8), torch.ones(1)).tolist()
    [0.5, 0.5]
    """
    return relative_l2_field(prediction, truth, weights, scale).mean(1)


def by_field(x: Tensor, weights: Tensor) -> Tensor:
    """Return ``(batch, ..., channel, *grid)`` as ``(batch * channel, ..., *grid)``."""
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
