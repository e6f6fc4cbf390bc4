"""Maps over space and time that begin with their input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from contracts.constraint import ConstraintContract, refused
from raising import raises_input
from small import evolution, surrogate, values
from torch import Tensor

from neurop.constraints.constraint import Context
from neurop.constraints.initial_value import InitialValue
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral import resample

CHEBYSHEV = Grid((Axis("x"), Axis("t", "open", layout="chebyshev")))
ENDS = Grid((Axis("x", "neumann", layout="cells"), Axis("t", "open", layout="ends")))
PERIODIC = Grid((Axis("x"), Axis("t", "periodic")))


class TestInitialValue(ConstraintContract):
    constraint = InitialValue()
    grids = (CHEBYSHEV, ENDS, PERIODIC)
    exact = 0.0

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        start = resample(last[..., 0], Grid(context.grid.axes[:1]), y.shape[2:3])
        start = last[..., 0] if start.shape == last.shape[:-1] else start
        return float((y[..., 0] - start).abs().max())

    def test_a_polynomial_in_time_stays_one_and_only_its_constant_changes(self) -> None:
        """The derivative in time is that of the prediction, to rounding."""
        wild, last = self.wild(), self.last()
        made = self.constraint(wild, last, self.context(CHEBYSHEV))
        change = made - wild
        torch.testing.assert_close(change, change[..., :1].expand_as(change), atol=1e-9, rtol=0)
        assert change.abs().min() > 0


@pytest.mark.parametrize("seed", range(3))
def test_it_is_exact_for_any_weights(seed: int) -> None:
    """In single precision to the last bit."""
    data = evolution((10, 12), grid=CHEBYSHEV)
    s = surrogate(data, seed=seed, constraints=[InitialValue()])
    with torch.no_grad():
        for weight in s.net.parameters():
            weight.normal_(std=3.0)
    x = torch.from_numpy(values((10, 12), frames=1, seed=5))[:, 0].float()
    made = s(x)
    assert torch.equal(made[..., 0], x[..., 0])
    assert not torch.allclose(made[..., 1], x[..., 1], rtol=1e-2)


def test_a_grid_that_begins_after_the_input_is_refused() -> None:
    grid = Grid((Axis("x"), Axis("t", "open")))
    refused(InitialValue(), evolution(grid=grid), "initial_value", "left")


def test_a_grid_without_time_is_refused() -> None:
    refused(InitialValue(), evolution(), "initial_value", ("x", "y"))


def test_inputs_of_other_fields_are_refused() -> None:
    data = evolution((8, 9), grid=CHEBYSHEV)
    pair = FieldSet(
        data.values[:, :1, :1], data.fields[:1], CHEBYSHEV, data.values[:, :1], data.fields
    )
    s = surrogate(replace(pair, source="pairs"), constraints=[InitialValue()])
    with raises_input("initial_value", 1):
        s(torch.from_numpy(np.asarray(data.values[:, 0, :1])).float())
