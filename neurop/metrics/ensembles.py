r"""Scores of ensembles in addition to the CRPS: energy score, spread and error, ranks of the truth.

Members are the first axis, ``(member, batch, ..., channel, *grid)``; they are taken to be
exchangeable with each other. Means over space use the cell measure.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.metrics.measure import Measure, Weights
from neurop.metrics.norms import mean, scaled


def check_members(members: Tensor, truth: Tensor) -> int:
    """Return the number of members.

    Raises
    ------
    InputError
        If there are fewer than 2, or members and truth have other shapes.
    """
    if len(members) < 2:
        raise InputError.of("members", len(members), "an ensemble has 2 or more")
    if members.shape[1:] != truth.shape:
        need = f"the truth has {list(truth.shape)}; give (member, *shape of the truth)"
        raise InputError.of("members", tuple(members.shape), need)
    return len(members)


def energy_score(members: Tensor, truth: Tensor, weights: Weights, scale: Tensor) -> Tensor:
    r"""Return the fair energy score of all fields together, ``(batch, ...)``.

    .. math:: \frac{1}{M} \sum_j \lVert x_j - y \rVert
       - \frac{1}{2M(M-1)} \sum_{j,k} \lVert x_j - x_k \rVert, \qquad
       \lVert e \rVert^2 = \frac{1}{C} \sum_c \Bigl\langle w \frac{e_c^2}{\sigma_c^2} \Bigr\rangle

    It is the generalisation of the CRPS to fields, and is smallest in expectation for members that
    have the joint distribution of the truth, correlations in space included.

    Source: Gneiting and Raftery, 2007, doi:10.1198/016214506000001437, section 4.3.

    Parameters
    ----------
    members, truth
        Ensemble ``(member, batch, ..., channel, *grid)``, and fields of the shape of a member.
    weights
        Cell measure.
    scale
        Standard deviation of each field, ``(channel,)``.

    Raises
    ------
    InputError
        As :func:`check_members`.

    Examples
    --------
    >>> members = torch.tensor([1.0, 4.0]).view(2, 1, 1, 1).expand(2, 1, 1, 8)
    >>> energy_score(members, torch.full((1, 1, 8), 2.0), torch.ones(8), torch.ones(1))
    tensor([0.])
    """
    count = check_members(members, truth)

    def norm(x: Tensor) -> Tensor:
        return mean(scaled(x, scale, weights).square(), weights).mean(-1).sqrt()

    error = torch.stack([norm(one - truth) for one in members]).mean(0)
    apart = torch.zeros_like(error)
    for step in range(1, count):
        for one, other in zip(members[step:], members[:-step], strict=True):
            apart = apart + norm(one - other)
    return error - apart / (count * (count - 1))


def spread_and_error(members: Tensor, truth: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    r"""Return mean squares whose roots are the spread and the error, ``(batch, ..., channel)``.

    .. math:: s^2 = \frac{M + 1}{M}
       \Bigl\langle w \frac{1}{M - 1} \sum_j (x_j - \bar x)^2 \Bigr\rangle, \qquad
       e^2 = \bigl\langle w\, (\bar x - y)^2 \bigr\rangle

    If truth and members are drawn from one distribution, both have the same expectation. The ratio
    of spread to error is that of the roots of their means over samples, not a mean of ratios.

    Source: Fortin, Abaza, Anctil and Turcotte, Why should ensemble spread match the RMSE of the
    ensemble mean?, 2014, doi:10.1175/JHM-D-14-0008.1.

    Parameters
    ----------
    members, truth, weights
        As in :func:`energy_score`.

    Raises
    ------
    InputError
        As :func:`check_members`.

    Examples
    --------
    >>> members = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1).expand(2, 1, 1, 8)
    >>> spread_and_error(members, torch.full((1, 1, 8), 4.0), torch.ones(8))
    (tensor([[3.]]), tensor([[4.]]))
    """
    count = check_members(members, truth)
    variance = members.var(0, correction=1) * (count + 1) / count
    return mean(variance, weights), mean((members.mean(0) - truth).square(), weights)


def rank_frequencies(
    members: Tensor, truth: Tensor, weights: Weights, generator: torch.Generator
) -> Tensor:
    """Return how often the truth has each rank among the members, ``(batch, ..., channel, rank)``.

    Rank r is the number of members below the truth, from 0 to M; among equal values it is random.
    The frequencies are shares of the area, of sum 1, and all 1 / (M + 1) in expectation if truth
    and members are drawn from one distribution. A histogram that is high at both ends is that of an
    ensemble with too small a spread.

    Source: Hamill, Interpretation of rank histograms for verifying ensemble forecasts, 2001,
    doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2.

    Parameters
    ----------
    members, truth, weights
        As in :func:`energy_score`.
    generator
        Random numbers for equal values, on the device of `truth`.

    Raises
    ------
    InputError
        As :func:`check_members`.

    Examples
    --------
    >>> members = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1).expand(2, 1, 1, 4)
    >>> truth = torch.tensor([[[0.0, 2.0, 2.5, 9.0]]])
    >>> rank_frequencies(members, truth, torch.ones(4), torch.Generator())
    tensor([[[0.2500, 0.5000, 0.2500]]])
    """
    count = check_members(members, truth)
    below, equal = ((op(members, truth)).sum(0) for op in (torch.lt, torch.eq))
    drawn = torch.rand(truth.shape, generator=generator, device=truth.device)
    ranks = below + (drawn * (equal + 1)).floor().long()
    w = weights.over(truth) if isinstance(weights, Measure) else weights.expand_as(truth)
    axes = tuple(range(-weights.dim(), 0))
    w = w / w.mean(axes, keepdim=True)
    shares = [((ranks == rank) * w).mean(axes) for rank in range(count + 1)]
    return torch.stack(shares, dim=-1)


def interval_coverage(frequencies: Tensor) -> tuple[Tensor, Tensor]:
    """Return nominal levels of central intervals of the members, and the coverage of the truth.

    The interval between the j-th smallest and the j-th largest of M members has the nominal level
    (M + 1 - 2j) / (M + 1).

    Parameters
    ----------
    frequencies
        Frequencies of the ranks ``(..., rank)``.

    Examples
    --------
    >>> levels, found = interval_coverage(torch.tensor([0.3, 0.2, 0.1, 0.1, 0.3]))
    >>> levels, found
    (tensor([0.2000, 0.6000]), tensor([0.1000, 0.4000]))
    """
    count = frequencies.shape[-1] - 1
    depths = range(count // 2, 0, -1)
    levels = [(count + 1 - 2 * depth) / (count + 1) for depth in depths]
    found = [frequencies[..., depth : count + 1 - depth].sum(-1) for depth in depths]
    return torch.tensor(levels).to(frequencies), torch.stack(found, dim=-1)
