"""Fields with a given value on the boundary."""

from __future__ import annotations

import torch
from contracts.constraint import ConstraintContract, refused
from small import evolution
from torch import Tensor

from neurop.constraints.boundary_values import BoundaryValues
from neurop.constraints.constraint import Context
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

BOX = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends")))
CHANNEL = Grid((Axis("x"), Axis("y", "dirichlet", layout="ends")))


class TestBoundaryValues(ConstraintContract):
    constraint = BoundaryValues(("u",), value=1.5)
    grids = (BOX, CHANNEL)
    exact = 0.0

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        ends = y[:, 0][..., [0, -1]]
        if context.grid is BOX or context.grid == BOX:
            ends = torch.cat([ends.flatten(), y[:, 0, [0, -1]].flatten()])
        return float((ends - 1.5).abs().max())

    def test_the_inside_and_other_fields_stay(self) -> None:
        wild = self.wild()
        made = self.constraint(wild, self.last(), self.context(CHANNEL))
        assert torch.equal(made[:, 0, :, 1:-1], wild[:, 0, :, 1:-1])
        assert torch.equal(made[:, 1], wild[:, 1])
        assert not torch.equal(made[:, 0, :, 0], wild[:, 0, :, 0])


def test_a_grid_without_boundary_points_is_refused() -> None:
    refused(BoundaryValues(("u",)), evolution(), "boundary_values", ("u",))


def test_a_field_that_is_not_predicted_is_refused() -> None:
    refused(BoundaryValues(("q",)), evolution(grid=BOX), "fields", ("q",))
