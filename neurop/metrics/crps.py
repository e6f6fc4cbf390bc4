r"""The continuous ranked probability score (CRPS) of ensembles, fair and almost fair.

For M members :math:`x_j` and a truth y, at each point,

.. math:: \frac{1}{M} \sum_j |x_j - y| - \frac{1 - \epsilon}{2M(M-1)} \sum_{j,k} |x_j - x_k|,
   \qquad \epsilon = \frac{1 - \alpha}{M}.

The fair score, :math:`\alpha = 1`, has the expectation of the CRPS of the distribution that the
members are drawn from, whatever their number; the score of the M members as a distribution of their
own, :math:`\alpha = 0`, rewards too small a spread when it is minimised. With two members the fair
score does not depend on one of them while the other is right; the almost fair score does.

All scores have the unit of the field, are differentiable with respect to the members, and are 0 or
more, as they are sums over pairs of members of

.. math:: |x_j - y| + |x_k - y| - (1 - \epsilon)\, |x_j - x_k| \ge 0,

which do not cancel in single precision.

References
----------
Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007,
doi:10.1198/016214506000001437, section 4.2; Ferro, Fair scores for ensemble forecasts, 2014,
doi:10.1002/qj.2270; Lang et al., AIFS-CRPS: ensemble forecasting using a model trained with a loss
function based on the continuous ranked probability score, 2024, arXiv:2412.15832, section 2.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.metrics.measure import Weights
from neurop.metrics.norms import mean


def crps_at_points(members: Tensor, truth: Tensor, alpha: float = 1.0) -> Tensor:
    """Return the almost fair CRPS at each point, of the shape of `truth`.

    Parameters
    ----------
    members
        Ensemble ``(member, ...)``, 2 members or more.
    truth
        Values ``(...)``, in the same unit.
    alpha
        Share of the fair score, from 0 (members as a distribution of their own) to 1 (fair).

    Raises
    ------
    InputError
        If there are fewer than 2 members, members and truth have other shapes, or `alpha` is not
        between 0 and 1.

    Examples
    --------
    >>> crps_at_points(torch.tensor([[1.0], [4.0]]), torch.tensor([2.0]))  # (1 + 2 - 3) / 2
    tensor([0.])
    >>> crps_at_points(torch.tensor([[1.0], [4.0]]), torch.tensor([2.0]), alpha=0.0)
    tensor([0.7500])
    """
    count = len(members)
    if count < 2:
        raise InputError.of("members", count, "a fair score needs 2 or more")
    if members.shape[1:] != truth.shape:
        need = f"the truth has {list(truth.shape)}; give (member, *shape of the truth)"
        raise InputError.of("members", tuple(members.shape), need)
    if not 0 <= alpha <= 1:
        raise InputError.of("alpha", alpha, "give a number from 0 to 1")
    kept = 1 - (1 - alpha) / count
    error = members - truth
    far = error.abs()
    total = torch.zeros_like(truth)
    # Pairs of members `step` apart: each pair once, in the memory of one ensemble.
    for step in range(1, count):
        apart = (error[step:] - error[:-step]).abs()
        total = total + (far[step:] + far[:-step] - kept * apart).sum(0)
    return total / (count * (count - 1))


def fair_crps(members: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    """Return the fair CRPS of each field and lead time, ``(batch, ..., channel)``.

    Parameters
    ----------
    members
        Ensemble ``(member, batch, ..., channel, *grid)``, 2 members or more.
    truth
        Fields ``(batch, ..., channel, *grid)``, in the same units.
    weights
        Cell measure ``(*grid)`` of mean 1, or that of a part of the grid.

    Raises
    ------
    InputError
        As :func:`crps_at_points`.

    Examples
    --------
    >>> members = torch.tensor([0.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, 1, 8)
    >>> fair_crps(members, torch.full((1, 1, 8), 3.0), torch.ones(8))
    tensor([[1.]])
    """
    return mean(crps_at_points(members, truth), weights)


def almost_fair_crps(
    members: Tensor, truth: Tensor, weights: Weights, alpha: float = 0.95
) -> Tensor:
    """Return the almost fair CRPS of each field and lead time, ``(batch, ..., channel)``.

    Parameters
    ----------
    members, truth, weights
        As in :func:`fair_crps`.
    alpha
        Share of the fair score, from 0 to 1.

    Raises
    ------
    InputError
        As :func:`crps_at_points`.
    """
    return mean(crps_at_points(members, truth, alpha), weights)
