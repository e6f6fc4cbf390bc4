"""Predictions that stay near the range of the training data."""

from __future__ import annotations

import math

import pytest
import torch
from contracts.constraint import ConstraintContract, refused
from small import Scale, evolution, mapping, surrogate, values
from torch import Tensor

from neurop.constraints.constraint import Context
from neurop.constraints.max_deviation import MaxDeviation
from neurop.geometry.grid import Grid
from neurop.problems import Evolution


class TestMaxDeviation(ConstraintContract):
    constraint = MaxDeviation(2.0)
    grids = (Grid.periodic(2), Grid.latlon())

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        weights = torch.from_numpy(context.grid.weights(tuple(y.shape[2:])))
        size = ((context.norm(y).square() * weights).sum((2, 3)) / weights.sum()).sqrt()
        return max(0.0, float(size.max()) - 2)


def test_it_bounds_a_rollout_and_changes_nothing_below_it() -> None:
    train = evolution()
    free, held = (
        surrogate(train, problem=Evolution(increments=False), constraints=c).double()
        for c in ((), [MaxDeviation(2.0)])
    )
    x = torch.from_numpy(values((9, 8), frames=1, seed=5))[:, 0]
    std = torch.from_numpy(train.values.std((0, 1, 3, 4)))[:, None, None]
    middle = torch.from_numpy(train.values.mean((0, 1, 3, 4)))[:, None, None]
    for factor in (0.1, 10.0):
        free.net = held.net = Scale(2, factor).double()
        size = ((free(x) - middle) / std).square().mean((2, 3), keepdim=True).sqrt()
        expected = middle + (free(x) - middle) * (2 / size).clamp(max=1)
        assert bool((size < 2).all()) == (factor < 1)
        torch.testing.assert_close(held(x), expected, rtol=1e-6, atol=1e-4)
    far = held.trajectory(x[:, None], 40)[:, -1].detach()
    assert float(((far - middle) / std).square().mean((2, 3)).sqrt().max()) < 2.0001


@pytest.mark.parametrize("most", [0.0, -1.0, math.inf])
def test_a_bound_that_is_none_is_refused(most: float) -> None:
    refused(MaxDeviation(most), evolution(), "most", most)


def test_a_map_has_no_rollout_to_bound() -> None:
    refused(MaxDeviation(2.0), mapping(), "most", 2.0)
