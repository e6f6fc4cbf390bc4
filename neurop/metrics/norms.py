r"""Norms and scores that are comparable between resolutions and magnitudes.

Means over space use the cell measure: `weights` of the grid with mean 1
(:meth:`neurop.geometry.grid.Grid.weights`), on the trailing axes of ``(batch, ..., channel,
*grid)``. Relative errors are computed field by field, in units of the field's `scale`, its standard
deviation over the training data (:attr:`neurop.surrogate.Surrogate.scale`).
"""

from __future__ import annotations

import torch
from torch import Tensor

FLOOR = 1e-2
"""Lower bound of the norm of the truth in relative errors, as a root mean square per scale.

A surrogate that is accurate to one per cent of the scale cannot distinguish a truth below this
floor from zero. There an error of one per cent of the scale counts as 1, like a prediction of zero
elsewhere, so that a frame at rest does not dominate the mean. The floor does not affect a field
whose mean is large compared with its standard deviation.
"""


def scaled(x: Tensor, scale: Tensor, weights: Tensor) -> Tensor:
    """Return ``(..., channel, *grid)`` in units of `scale`.

    The square of a field in physical units may overflow or underflow in float32; that of a scaled
    field does not.

    Parameters
    ----------
    x
        Fields ``(..., channel, *grid)``, in physical units.
    scale
        Scales ``(channel,)``, above 0, in the units of the fields.
    weights
        Cell measure ``(*grid)``, whose rank is the number of grid axes.

    Examples
    --------
    >>> scaled(torch.full((1, 1, 2), 3e25), torch.tensor([1e25]), torch.ones(2)).tolist()
    [[[3.0, 3.0]]]
    """
    return x / scale.to(x).view(-1, *[1] * weights.dim())


def norm(x: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Return the L2 norm :math:`\sqrt{\sum_c \langle w\, x_c^2 \rangle}` per sample.

    The mean over space approximates the integral over the domain; all other axes are summed.

    Parameters
    ----------
    x
        Fields ``(batch, ..., *grid)``.
    weights
        Cell measure ``(*grid)``; None to sum over all axes.
    """
    square = x.square() if weights is None else x.square() * weights
    space = 0 if weights is None else weights.dim()
    points = x.shape[x.dim() - space :].numel() if space else 1
    total = square.flatten(1).sum(1) / points
    # The root is not differentiable at 0: for an exact prediction all gradients would be NaN.
    none = total == 0
    return torch.where(none, 0.0, torch.where(none, 1.0, total).sqrt())


def relative(error: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    r"""Return the norm of errors over the norm of the truth, field by field: ``(batch, channel)``.

    .. math:: \frac{\lVert e_c \rVert}{\max(\lVert y_c \rVert,\, \epsilon \sqrt{S})}

    with :math:`\epsilon` the :data:`FLOOR`, and norms over space and the S steps of a trajectory.

    Parameters
    ----------
    error, truth
        Fields ``(batch, ..., channel, *grid)``, in units of their scales.
    weights
        Cell measure ``(*grid)``.
    """
    channels = truth.shape[-weights.dim() - 1]
    error, truth = by_field(error, weights), by_field(truth, weights)
    steps = truth.shape[1 : truth.dim() - weights.dim()].numel()
    size = norm(truth, weights).clamp_min(FLOOR * steps**0.5)
    return (norm(error, weights) / size).view(-1, channels)


def relative_l2_field(prediction: Tensor, truth: Tensor, weights: Tensor, scale: Tensor) -> Tensor:
    r"""Return the relative L2 error :math:`\lVert p_c - y_c \rVert / \lVert y_c \rVert` per field.

    Trajectories are stacked over their steps. The norm of the truth has the lower bound
    :data:`FLOOR` times the scale. The result is ``(batch, channel)``.

    Parameters
    ----------
    prediction, truth
        Fields ``(batch, ..., channel, *grid)``, in physical units.
    weights
        Cell measure ``(*grid)``.
    scale
        Standard deviation of each field over the training data, ``(channel,)``.

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
    r"""Return the relative L2 error per sample, the mean over fields: ``(batch,)``.

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
    r"""Return :math:`\sqrt{\langle w (p - y)^2 \rangle}` over space, in the field's unit.

    Examples
    --------
    >>> rmse(torch.zeros(1, 4), torch.full((1, 4), 2.0), torch.ones(4))
    tensor([2.])
    """
    return mean((prediction - truth).square(), weights).sqrt()


def correlation(prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted Pearson correlation over space, of the shape of the leading axes.

    Examples
    --------
    >>> x = torch.arange(4.0)
    >>> correlation(x, 1 - 2 * x, torch.ones(4))
    tensor(-1.)
    """
    p = prediction - mean(prediction, weights)[(...,) + (None,) * weights.dim()]
    y = truth - mean(truth, weights)[(...,) + (None,) * weights.dim()]
    return mean(p * y, weights) / (mean(p.square(), weights) * mean(y.square(), weights)).sqrt()


def mean(x: Tensor, weights: Tensor) -> Tensor:
    r"""Return :math:`\langle w x \rangle` over the axes of `weights`, the trailing ones of `x`."""
    return (x * weights).mean(dim=tuple(range(-weights.dim(), 0)))
