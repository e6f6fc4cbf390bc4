"""Means over the domain that no step changes."""

from __future__ import annotations

import pytest
import torch
from contracts.constraint import ConstraintContract, refused
from small import SIZES, evolution, mapping, surrogate
from torch import Tensor

from neurop.constraints.constraint import Context
from neurop.constraints.means import Means
from neurop.geometry.grid import Grid


def means(y: Tensor, grid: Grid) -> Tensor:
    """Return the mean of each field by the quadrature of the grid."""
    weights = torch.from_numpy(grid.weights(tuple(y.shape[2:])))
    return (y * weights).sum((2, 3)) / weights.sum()


class TestMeans(ConstraintContract):
    constraint = Means(("p",))
    grids = (Grid.periodic(2), Grid.latlon(gauss=True))

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        gap = means(y, context.grid) - means(last, context.grid)
        return float(gap[:, 1].abs().max() / SIZES[1])

    def test_other_fields_are_left(self, grid: Grid) -> None:
        wild = self.wild()
        made = self.constraint(wild, self.last(), self.context(grid))
        assert torch.equal(made[:, 0], wild[:, 0])
        shift = made[:, 1] - wild[:, 1]  # a constant, so gradients of the field stay
        torch.testing.assert_close(shift, shift[..., :1, :1].expand_as(shift))


@pytest.mark.parametrize("grid", [Grid.latlon(gauss=True), Grid.latlon(), Grid.periodic(2)])
@pytest.mark.parametrize("shape", [(9, 8), (12, 16)])
def test_a_rollout_and_another_grid_keep_the_mean(grid: Grid, shape: tuple[int, int]) -> None:
    train = evolution(grid=grid)
    s = surrogate(train, constraints=[Means(("p",))]).double()
    x = torch.from_numpy(train.values[:, 0])
    with torch.no_grad():
        y = s(x, grid=shape)
        far = s.trajectory(x[:, None], 8)[:, -1]
    before = means(x, grid)
    for made in (y, far):
        torch.testing.assert_close(means(made, grid)[:, 1], before[:, 1], rtol=1e-12, atol=1e-9)
        assert float((means(made, grid) - before)[:, 0].abs().min()) > 1e-3


def test_fields_must_be_those_of_an_evolution() -> None:
    refused(Means(("q",)), evolution(), "fields", ("q",))
    refused(Means(("u",)), mapping(), "fields", ("u",))
