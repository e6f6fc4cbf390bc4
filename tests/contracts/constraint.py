"""What every constraint must hold: a test inherits :class:`ConstraintContract` and says what the
constraint promises.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from small import OFFSETS, SIZES, evolution, surrogate, values
from torch import Tensor

import neurop
from neurop.constraints import REGISTRY
from neurop.constraints.constraint import Constraint, Context
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid

SHAPE = (10, 12)


class ConstraintContract:
    """Properties of a constraint on the two fields of :mod:`small`, an evolution on a plane.

    Attributes
    ----------
    constraint
        A constraint that wild fields violate.
    grids
        Grids on which it has a meaning.
    exact
        Largest violation in double precision.
    """

    constraint: ClassVar[Constraint]
    grids: ClassVar[tuple[Grid, ...]] = (Grid.periodic(2),)
    exact: ClassVar[float] = 1e-9

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        """Return by how much fields miss what the constraint promises, 0 where they hold it."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test on each grid."""
        if "grid" in metafunc.fixturenames:
            metafunc.parametrize("grid", self.grids, ids=lambda grid: grid.geometry)

    @staticmethod
    def data(grid: Grid) -> FieldSet:
        return evolution(SHAPE, grid=grid)

    def context(self, grid: Grid, dtype: torch.dtype = torch.float64) -> Context:
        return surrogate(self.data(grid)).to(dtype).context

    @staticmethod
    def wild(shape: tuple[int, ...] = SHAPE, seed: int = 0) -> Tensor:
        """Return noise of five deviations about the mean of each field."""
        noise = torch.randn(
            3, 2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
        )
        offset, size = (torch.from_numpy(a)[:, None, None] for a in (OFFSETS, SIZES))
        return offset + 5 * size * noise

    @staticmethod
    def last(shape: tuple[int, ...] = SHAPE) -> Tensor:
        return torch.from_numpy(values(shape, frames=1, seed=5))[:, 0]

    def scaled(self, y: Tensor) -> Tensor:
        """Return fields over their sizes, so that one tolerance serves both."""
        return y / torch.as_tensor(SIZES, dtype=y.dtype)[:, None, None]

    @pytest.mark.parametrize("shape", [SHAPE, (15, 9)])
    def test_it_is_exact_where_it_promises(self, grid: Grid, shape: tuple[int, int]) -> None:
        context, last, wild = self.context(grid), self.last(), self.wild(shape)
        assert self.violation(wild, last, context) > 1e-3
        assert self.violation(self.constraint(wild, last, context), last, context) <= self.exact

    def test_twice_is_once(self, grid: Grid) -> None:
        context, last = self.context(grid), self.last()
        once = self.constraint(self.wild(), last, context)
        twice = self.constraint(once, last, context)
        torch.testing.assert_close(self.scaled(twice), self.scaled(once), atol=1e-9, rtol=1e-9)

    def test_the_slope_is_that_of_finite_differences(self, grid: Grid) -> None:
        context, last = self.context(grid), self.last()
        y, weights = self.wild().requires_grad_(), self.wild(seed=1)
        (self.constraint(y, last, context) * weights).sum().backward()
        assert y.grad is not None
        direction, h = self.wild(seed=2), 1e-6
        with torch.no_grad():
            up, down = (
                (self.constraint(y + sign * h * direction, last, context) * weights).sum()
                for sign in (1, -1)
            )
        slope = (y.grad * direction).sum()
        assert slope.item() == pytest.approx(((up - down) / (2 * h)).item(), rel=1e-4)

    def test_the_gradient_of_a_constant_prediction_is_finite(self, grid: Grid) -> None:
        context = self.context(grid)
        y = context.norm.inverse(torch.zeros(2, 2, *SHAPE, dtype=torch.float64)).requires_grad_()
        self.constraint(y, self.last()[:2], context).square().sum().backward()
        assert y.grad is not None
        assert y.grad.isfinite().all()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_precision_and_input_stay(self, grid: Grid, dtype: torch.dtype) -> None:
        context, last, y = self.context(grid, dtype), self.last().to(dtype), self.wild().to(dtype)
        before = y.clone()
        made = self.constraint(y, last, context)
        assert (made.dtype, made.shape) == (dtype, y.shape)
        assert torch.equal(y, before)
        exact = self.constraint(self.wild(), self.last(), self.context(grid))
        np.testing.assert_allclose(self.scaled(made), self.scaled(exact), atol=2e-3, rtol=1e-4)

    def test_a_saved_surrogate_is_held_to_it(self, grid: Grid, tmp_path: Path) -> None:
        held = surrogate(self.data(grid), constraints=[self.constraint])
        free = surrogate(self.data(grid))
        held.save(tmp_path)
        again = neurop.load(tmp_path)
        assert again.card.constraints == (self.constraint,)
        x = self.wild().float()
        assert torch.equal(again(x), held(x))
        assert not torch.allclose(held(x), free(x), rtol=1e-4)

    def test_it_has_a_name(self) -> None:
        spec = REGISTRY.spec_of(self.constraint)
        assert REGISTRY.create(spec) == self.constraint


def refused(constraint: Constraint, train: FieldSet, key: str, value: object) -> None:
    """Assert that a constraint is refused for a training set, and by which argument."""
    with pytest.raises(InputError) as error:
        surrogate(train, constraints=[constraint])
    assert (error.value.key, error.value.value) == (key, value)
