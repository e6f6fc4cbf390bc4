"""Members from white noise and from earlier starts, of models whose forecasts are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution

from neurop.evaluation import Lagged, WhiteNoise, ensemble
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid

Make = Callable[..., Any]
GRID = Grid.latlon()


def steady(frames: int = 8, samples: int = 5) -> FieldSet:
    """Return states that grow by 2 per frame."""
    first = np.random.default_rng(0).normal(size=(samples, 1, 1, 5, 8))
    values = first + 2.0 * np.arange(frames)[:, None, None, None]
    times = Times(6.0 * np.arange(frames), "h")
    return FieldSet(values, (Field("msl", "Pa"),), GRID, times=times, source="steady")


def test_white_noise_has_the_size_of_each_field_and_no_correlation() -> None:
    train = evolution((9, 8), samples=40, frames=3, seed=3)
    perturb = WhiteNoise(train, 0.3, members=40, seed=1)
    frames = torch.zeros(6, 2, 2, 9, 8, dtype=torch.float64)
    starts = [(i, 0) for i in range(6)]
    made = np.stack([perturb(frames, starts, member).numpy() for member in range(40)])
    states = np.asarray(train.values) - np.mean(train.values, (0, 1, 3, 4), keepdims=True)
    expected = 0.3 * states.std((0, 1, 3, 4))
    np.testing.assert_allclose(made.std((0, 1, 2, 4, 5)), expected, rtol=0.02)
    z = made / expected[:, None, None]
    for axis in range(
        6
    ):  # 69,120 products, of two values along an axis half as many: six deviations
        assert abs((z * np.roll(z, 1, axis)).mean()) < 0.033
    np.testing.assert_array_equal(perturb(frames, starts, 3).numpy(), made[3])


def test_lagged_members_carry_the_errors_of_their_earlier_starts(analytic: Make) -> None:
    """The model adds 3 per step where the truth adds 2: member j is j too large at the start."""
    data = steady()
    model = analytic(lambda x: x + 3, data, step=6.0)
    lagged = Lagged(model, data, 3)
    x = torch.from_numpy(np.asarray(data.values[:, 4:5]))
    starts = [(s, 4) for s in range(5)]
    for member in range(3):
        torch.testing.assert_close(lagged(x, starts, member), x + member)
    found = ensemble([model], data, 3, start=4, perturbation=lagged)
    steps = np.arange(1, 4)
    np.testing.assert_allclose(found.rmse[:, 0], steps + 1, rtol=1e-5)  # members 0, 1, 2 too large
    np.testing.assert_allclose(found.spread[:, 0], (4 / 3) ** 0.5, rtol=1e-5)
    with raises_input("start", 1):
        ensemble([model], data, 1, start=1, perturbation=lagged)


def test_an_ensemble_of_equal_members_has_no_spread(analytic: Make) -> None:
    data = steady()
    exact = analytic(lambda x: x + 2, data, step=6.0)
    found = ensemble([exact], data, 3, start=4, perturbation=Lagged(exact, data, 4))
    np.testing.assert_allclose(found.spread, 0, atol=1e-5)
    np.testing.assert_allclose(found.crps, 0, atol=1e-5)


@pytest.mark.parametrize("members", [0, 1])
def test_one_member_is_no_ensemble(members: int, analytic: Make) -> None:
    data = steady()
    with raises_input("members", members):
        Lagged(analytic(lambda x: x, data, step=6.0), data, members)
