"""Predictions compared with targets, with and without steps on the surrogate's own errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from contracts.objective import ObjectiveContract
from small import Scale, evolution, surrogate
from torch import Tensor

from neurop.errors import InputError
from neurop.objectives import REGISTRY
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.surrogate import Surrogate
from neurop.transforms.transform import Batch


class TestRegression(ObjectiveContract):
    def make(self) -> Regression:
        return Regression()


class TestSlopes(ObjectiveContract):
    def make(self) -> Regression:
        return Regression(gradient=0.3)


class TestGeometric(ObjectiveContract):
    zero = 1e-300

    def make(self) -> Regression:
        return Regression(geometric=True)


class TestPushforward(ObjectiveContract):
    seed = 11  # draws 0 steps without gradient

    def make(self) -> Regression:
        return Regression(pushforward=2)

    def test_the_seed_draws_no_step(self) -> None:
        assert np.random.default_rng(self.seed).integers(3) == 0


def scale(factor: float) -> Surrogate:
    """Return a surrogate that multiplies its last frame by a factor."""
    s = surrogate(evolution(), problem=Evolution(2, increments=False)).double()
    s.net = Scale(2, factor).double()
    for norm in (s.input_norm, s.output_norm):
        norm.mean.zero_(), norm.std.fill_(1)
    return s


def batch(steps: int) -> Batch:
    x = torch.from_numpy(evolution().values)
    return {"input": x[:, :2], "target": x[:, 2 : 2 + steps]}


def steps_ahead(seed: int, most: int) -> int:
    return int(np.random.default_rng(seed).integers(most + 1))


def test_without_pushforward_the_loss_is_that_of_the_trajectory_by_hand() -> None:
    s, given = scale(0.9), batch(3)
    x, y = given["input"][:, 1], given["target"]
    made = torch.stack([0.9 * x, 0.81 * x, 0.729 * x], 1)
    gap, size = ((a**2).sum((1, 3, 4)).sqrt() for a in (made - y, y))
    loss = Regression()(s, given, np.random.default_rng(0))
    assert loss.keys() == {"relative_l2"}
    assert loss["relative_l2"].item() == pytest.approx((gap / size).mean().item(), rel=1e-6)


class Recorder(Surrogate):
    """Writes down what goes into the steps, and whether gradients are taken."""

    calls: list[tuple[Tensor, bool]]

    def forward(self, x: Tensor, grid: None = None, given: None = None) -> Tensor:
        self.calls.append((x, torch.is_grad_enabled()))
        return super().forward(x, grid)


def test_pushforward_starts_the_loss_from_the_surrogates_own_frames() -> None:
    s, given, seen = surrogate(evolution(), problem=Evolution(2)).double(), batch(4), []
    whole = torch.cat([given["input"], s.trajectory(given["input"], 3).detach()], 1)
    s.__class__ = Recorder
    for seed in range(24):
        s.calls = []
        found = Regression(pushforward=3)(s, given, np.random.default_rng(seed))["relative_l2"]
        ahead = steps_ahead(seed, 3)
        assert [grad for _, grad in s.calls] == [False] * ahead + [True]
        start = s.calls[-1][0]
        torch.testing.assert_close(start, whole[:, ahead : ahead + 2].flatten(1, 2))
        assert not start.requires_grad
        # The loss is that of one step from there, against the frame that comes after.
        after = {
            "input": whole[:, ahead : ahead + 2],
            "target": given["target"][:, ahead : ahead + 1],
        }
        expected = Regression()(s, after, np.random.default_rng(0))["relative_l2"]
        torch.testing.assert_close(found, expected)
        seen.append(ahead)
    assert set(seen) == {0, 1, 2, 3}


def test_gradients_flow_through_the_steps_of_the_loss_alone() -> None:
    """Of x -> f x the slope is that of the last step, whose input f^k x is held constant."""
    s, given, drawn = scale(0.9), batch(3), set()
    factor = s.net.factor.item()
    for seed in range(12):
        ahead = steps_ahead(seed, 2)
        s.net.factor.grad = None
        Regression(pushforward=2)(s, given, np.random.default_rng(seed))["relative_l2"].backward()
        u = factor**ahead * given["input"][:, 1]
        y = given["target"][:, ahead]
        gap = factor * u - y
        size = (y**2).sum((2, 3)).sqrt()
        slope = (gap * u).sum((2, 3)) / (gap**2).sum((2, 3)).sqrt() / size
        torch.testing.assert_close(s.net.factor.grad, slope.mean(), rtol=1e-6, atol=0)
        drawn.add(ahead)
    assert drawn == {0, 1, 2}


def test_an_example_needs_the_frames_of_the_steps_without_gradient() -> None:
    assert Regression().extra_frames == 0
    assert Regression(pushforward=3).extra_frames == 3


@pytest.mark.parametrize(("key", "value"), [("pushforward", -1), ("gradient", -0.5)])
def test_negative_numbers_are_refused(key: str, value: float) -> None:
    with pytest.raises(InputError) as error:
        Regression(**{key: value})
    assert (error.value.key, error.value.value) == (key, value)


def test_it_is_made_by_name() -> None:
    made = REGISTRY.create({"name": "regression", "arguments": {"pushforward": 2}})
    assert isinstance(made, Regression)
    assert made.pushforward == 2
