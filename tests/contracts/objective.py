"""What every objective must hold: a test inherits :class:`ObjectiveContract`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from small import evolution, surrogate
from torch import Tensor

from neurop.objectives.objective import Objective
from neurop.problems import Evolution
from neurop.surrogate import Surrogate
from neurop.transforms.transform import Batch

HISTORY, UNROLL = 2, 2


class ObjectiveContract:
    """Properties of an objective on an evolution with two frames of history and two steps.

    Attributes
    ----------
    zero
        Largest value at a solution, in double precision.
    seed
        Of random numbers with which gradients flow through all steps.
    """

    zero: ClassVar[float] = 1e-12
    seed: ClassVar[int] = 0

    def make(self) -> Objective:
        """Return the objective."""
        raise NotImplementedError

    @staticmethod
    def surrogate() -> Surrogate:
        return surrogate(evolution(), problem=Evolution(HISTORY, UNROLL)).double()

    def batch(self, s: Surrogate, exact: bool = False) -> Batch:
        """Return a batch; if `exact`, what the surrogate itself predicts is the truth."""
        x = torch.from_numpy(evolution(frames=9).values)
        steps = UNROLL + self.make().extra_frames
        if exact:
            return {"input": x[:, :HISTORY], "target": s.trajectory(x[:, :HISTORY], steps).detach()}
        return {"input": x[:, :HISTORY], "target": x[:, HISTORY : HISTORY + steps]}

    def value(self, s: Surrogate, batch: Batch, seed: int = 0) -> Tensor:
        terms = self.make().to(torch.float64)(s, batch, np.random.default_rng(seed))
        assert terms
        assert all(term.shape == () for term in terms.values())
        return torch.stack(list(terms.values())).sum()

    @pytest.mark.parametrize("seed", range(3))
    def test_it_is_0_at_the_truth_and_nowhere_else(self, seed: int) -> None:
        s = self.surrogate()
        exact = self.value(s, self.batch(s, exact=True), seed)
        exact.backward()
        assert 0 <= exact.item() <= self.zero
        assert all(p.grad is None or p.grad.isfinite().all() for p in s.parameters())
        assert self.value(s, self.batch(s), seed).item() > 1e-3

    def test_the_slope_is_that_of_finite_differences(self) -> None:
        s = self.surrogate()
        batch, weight, h = self.batch(s), s.net.lift.bias, 1e-5
        self.value(s, batch, self.seed).backward()
        assert weight.grad is not None
        both = []
        for sign in (1, -1):
            with torch.no_grad():
                weight += sign * h
                both.append(self.value(s, batch, self.seed).item())
                weight -= sign * h
        assert weight.grad.sum().item() == pytest.approx((both[0] - both[1]) / (2 * h), rel=1e-5)

    def test_the_same_random_numbers_give_the_same_value(self) -> None:
        s = self.surrogate()
        torch.manual_seed(0)
        first = self.value(s, self.batch(s), 7)
        torch.rand(3)
        assert self.value(s, self.batch(s), 7).item() == first.item()

    def test_targets_are_read_where_it_says_so_alone(self) -> None:
        s, batch = self.surrogate(), self.batch(self.surrogate())
        if self.make().needs_targets:
            other = batch | {"target": batch["target"].flip(0)}
            assert self.value(s, batch).item() != self.value(s, other).item()
        else:
            alone = {"input": batch["input"]}
            assert self.value(s, alone).item() == self.value(s, batch).item()

    def test_the_batch_stays(self) -> None:
        s = self.surrogate()
        batch = self.batch(s)
        before = {name: x.clone() for name, x in batch.items()}
        self.value(s, batch)
        assert all(torch.equal(batch[name], x) for name, x in before.items())
