"""Fields that are nowhere below a bound."""

from __future__ import annotations

import torch
from contracts.constraint import ConstraintContract, refused
from small import evolution, mapping, surrogate
from torch import Tensor

from neurop.constraints.constraint import Context
from neurop.constraints.positivity import Positivity
from neurop.geometry.grid import Grid


class TestPositivity(ConstraintContract):
    constraint = Positivity(("u",), bound=1.5)
    grids = (Grid.periodic(2), Grid.latlon())
    exact = 0.0

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        return max(0.0, 1.5 - float(y[:, 0].min()))

    def test_what_lies_above_is_left(self) -> None:
        wild = self.wild()
        made = self.constraint(wild, self.last(), self.context(self.grids[0]))
        above = wild[:, 0] >= 1.5
        assert 0 < above.sum() < above.numel()
        assert torch.equal(made[:, 0][above], wild[:, 0][above])
        assert torch.equal(made[:, 1], wild[:, 1])


def test_the_targets_of_a_map_may_be_held_too() -> None:
    s = surrogate(mapping(), constraints=[Positivity(("p",), bound=1e3)])
    y = s(torch.randn(2, 1, 9, 8))
    assert float(y[:, 1].min()) == 1e3
    assert float(y[:, 1].max()) > 1e3


def test_a_field_that_is_not_predicted_is_refused() -> None:
    refused(Positivity(("q",)), evolution(), "fields", ("q",))
    refused(Positivity(("a",)), mapping(), "fields", ("a",))
