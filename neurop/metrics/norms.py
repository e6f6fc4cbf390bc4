r"""Norms and scores that are comparable between resolutions and magnitudes.

Means over space use the cell measure: `weights` of the grid with mean 1
(:meth:`neurop.geometry.grid.Grid.weights`), on the trailing axes of ``(batch, ..., channel,
*grid)``, or a :class:`neurop.metrics.measure.Measure` of a domain that is a part of the grid.
Relative errors are computed field by field, in units of the field's `scale`, its standard deviation
over the training data (:attr:`neurop.surrogate.Surrogate.scale`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.metrics.measure import Measure, Weights

FLOOR = 1e-2
"""Lower bound of the norm of the truth in relative errors, as a root mean square per scale.

A surrogate that is accurate to one per cent of the scale cannot distinguish a truth below this
floor from zero. There an error of one per cent of the scale counts as 1, like a prediction of zero
elsewhere, so that a frame at rest does not dominate the mean. The floor does not affect a field
whose mean is large compared with its standard deviation.
"""


def scaled(x: Tensor, scale: Tensor, weights: Weights) -> Tensor:
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


def root(square: Tensor) -> Tensor:
    """Return the square root, whose gradient at 0 is 0 instead of infinite.

    For an exact prediction all gradients would be NaN otherwise.
    """
    none = square == 0
    return torch.where(none, 0.0, torch.where(none, 1.0, square).sqrt())


def ratio(error: Tensor, truth: Tensor, steps: int | Tensor = 1) -> Tensor:
    r"""Return the norm of errors over the norm of the truth, from their squares.

    .. math:: \sqrt{e} \,/ \max(\sqrt{y},\, \epsilon \sqrt{S})

    with :math:`\epsilon` the :data:`FLOOR`.

    Parameters
    ----------
    error, truth
        Squared norms of any shape, of fields in units of their scales.
    steps
        Number of steps S over which the squares are summed, one for all or broadcastable.
    """
    least = torch.as_tensor(FLOOR * steps**0.5).to(truth)
    return root(error) / torch.maximum(root(truth), least)


def relative(error: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    r"""Return the norm of errors over the norm of the truth, field by field: ``(batch, channel)``.

    .. math:: \frac{\lVert e_c \rVert}{\max(\lVert y_c \rVert,\, \epsilon \sqrt{S})}

    with :math:`\epsilon` the :data:`FLOOR`, and norms over space and the S steps of a trajectory.

    Parameters
    ----------
    error, truth
        Fields ``(batch, ..., channel, *grid)``, in units of their scales.
    weights
        Cell measure.
    """
    e, y = (by_field(mean(x.square(), weights)) for x in (error, truth))
    return ratio(e, y, truth.shape[1 : truth.dim() - weights.dim() - 1].numel())


def by_field(square: Tensor) -> Tensor:
    """Return squares ``(batch, ..., channel)`` summed over steps, ``(batch, channel)``."""
    return square.flatten(1, -2).sum(1) if square.dim() > 2 else square


def relative_l2_field(prediction: Tensor, truth: Tensor, weights: Weights, scale: Tensor) -> Tensor:
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


def relative_l2(prediction: Tensor, truth: Tensor, weights: Weights, scale: Tensor) -> Tensor:
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


def rmse(prediction: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    r"""Return :math:`\sqrt{\langle w (p - y)^2 \rangle}` over space, in the field's unit.

    Examples
    --------
    >>> rmse(torch.zeros(1, 4), torch.full((1, 4), 2.0), torch.ones(4))
    tensor([2.])
    """
    return mean((prediction - truth).square(), weights).sqrt()


def correlation(prediction: Tensor, truth: Tensor, weights: Weights) -> Tensor:
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


def mean(x: Tensor, weights: Weights) -> Tensor:
    r"""Return :math:`\langle w x \rangle` over the axes of `weights`, the trailing ones of `x`."""
    w = weights.over(x) if isinstance(weights, Measure) else weights
    return (x * w).mean(dim=tuple(range(-weights.dim(), 0)))
