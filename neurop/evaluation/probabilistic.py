"""Scores of the ensemble that a probabilistic surrogate predicts in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import xarray as xr

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible, field_coordinate, iterate_pairs
from neurop.fields.fieldset import FieldSet
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.crps import fair_crps
from neurop.metrics.norms import mean

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def probabilistic(
    surrogate: Surrogate, test: FieldSet, members: int = 8, seed: int = 0, batch_size: int = 16
) -> xr.Dataset:
    r"""Score ensembles of one step, for every sample or window of a test set.

    .. math:: \mathrm{spread} = \sqrt{\tfrac{M+1}{M}\, \mathrm{mean}\,\langle w s^2\rangle}, \qquad
       \mathrm{skill} = \sqrt{\mathrm{mean}\,\langle w (\bar x - y)^2\rangle}

    with :math:`s^2` the variance of the M members (divided by M - 1) and :math:`\bar x` their mean.
    Where members and truth are drawn from one distribution, the two are equal.

    Parameters
    ----------
    surrogate
        Surrogate that was trained with noise.
    test
        Data with its fields and grid.
    members
        Number of members, 2 or more.
    seed
        Seed of the noise.
    batch_size
        Number of inputs per call of the surrogate.

    Returns
    -------
    xarray.Dataset
        Per field, in its unit: ``fair_crps``, ``spread``, ``skill`` (RMSE of the mean); and
        ``spread_skill``, their ratio.

    Raises
    ------
    InputError
        If the surrogate is deterministic, the data do not fit it, or there are fewer than 2
        members.

    References
    ----------
    Fortin et al., Why should ensemble spread match the RMSE of the ensemble mean?, 2014,
    doi:10.1175/JHM-D-14-0008.1.
    """
    if members < 2:
        raise InputError.of("members", members, "give at least 2")
    test = check_compatible(surrogate, test)
    several = [surrogate.member((seed, number)) for number in range(members)]
    crps, variance, square = [], [], []
    with evaluating(surrogate):
        for x, y, given in iterate_pairs(surrogate, test, batch_size):
            made = torch.stack([one(x, given=given) for one in several]).double()
            weights = measure(surrogate.card, y, given)
            crps.append(fair_crps(made, y, weights))
            variance.append(mean(made.var(0), weights))
            square.append(mean((made.mean(0) - y).square(), weights))
    means = [torch.cat(parts).mean(0).cpu().numpy() for parts in (crps, variance, square)]
    spread, skill = ((1 + 1 / members) * means[1]) ** 0.5, means[2] ** 0.5
    named = {
        "fair_crps": (means[0], "fair CRPS of one step, mean"),
        "spread": (spread, "ensemble spread of one step"),
        "skill": (skill, "RMSE of the ensemble mean of one step"),
        "spread_skill": (spread / skill, "ensemble spread over RMSE of the ensemble mean"),
    }
    return xr.Dataset(
        {name: ("field", values, {"long_name": text}) for name, (values, text) in named.items()},
        field_coordinate(surrogate.card.outputs),
        {"model": surrogate.name, "source": test.source, "members": members},
    )
