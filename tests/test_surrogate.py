"""A surrogate is a network between two normalisers, on any grid and at any point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import ARGUMENTS, Scale, evolution, mapping, surrogate, values
from torch import Tensor

from neurop.fields.standardize import Standardize
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Evolution
from neurop.surrogate import Surrogate


def batch(history: int = 1, shape: tuple[int, ...] = (9, 8), channels: int = 2) -> Tensor:
    """Return frames that are not of the training data, ``(sample, history * channels, *grid)``."""
    return torch.from_numpy(values(shape, frames=history, channels=channels, seed=5)).flatten(1, 2)


def statistics(fields: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return mean and deviation per channel of ``(sample, time, channel, x, y)``, by definition."""
    return tuple(
        torch.from_numpy(f(fields, axis=(0, 1, 3, 4)))[:, None, None] for f in (np.mean, np.std)
    )


@pytest.mark.parametrize("history", [1, 2])
def test_increments_are_added_to_the_last_frame(history: int) -> None:
    train = evolution()
    s, x = surrogate(train, problem=Evolution(history)).double(), batch(history)
    (mean, std), (mean_y, std_y) = (
        statistics(train.values),
        statistics(np.diff(train.values, axis=1)),
    )
    z = torch.cat([(x[:, 2 * t : 2 * t + 2] - mean) / std for t in range(history)], 1)
    expected = x[:, -2:] + s.net(z) * std_y + mean_y
    torch.testing.assert_close(s(x), expected, atol=1e-4, rtol=1e-6)
    assert (s(x) - x[:, -2:]).abs().amin() > 0


def test_without_increments_the_state_itself_is_predicted() -> None:
    train = evolution()
    s, x = surrogate(train, problem=Evolution(increments=False)).double(), batch()
    mean, std = statistics(train.values)
    torch.testing.assert_close(s(x), s.net((x - mean) / std) * std + mean, atol=1e-4, rtol=1e-6)


def test_a_map_has_normalisers_of_its_own_and_no_history() -> None:
    train = mapping()
    s, x = surrogate(train).double(), batch(channels=1)
    (mean, std), (mean_y, std_y) = statistics(train.values), statistics(train.targets)
    torch.testing.assert_close(s(x), s.net((x - mean) / std) * std_y + mean_y, atol=1e-4, rtol=1e-6)
    card = s.card
    assert (card.is_state, card.history, card.sampling.step) == (False, 1, None)
    assert not card.problem.increments
    with raises_input("problem", "map"):
        s.rollout(train.to_xarray(), 2)


def test_the_pointwise_mean_is_taken_from_the_mean_of_each_point_at_any_resolution() -> None:
    train = evolution((9, 8))
    s = surrogate(
        train, problem=Evolution(increments=False), normalizer=Standardize(pointwise=True)
    ).double()
    s.net = Scale(2).double()
    fine = values((18, 16), frames=1, seed=5)
    mean = values((18, 16)).mean((0, 1))
    std = (values((9, 8)) - values((9, 8)).mean((0, 1))).std((0, 1, 3, 4))
    np.testing.assert_allclose(s.input_norm.std, std, rtol=1e-6)
    np.testing.assert_allclose(
        s(torch.from_numpy(fine[:, 0])).detach(),
        3 * (fine[:, 0] - mean) + mean,
        atol=2e-4,
        rtol=1e-6,
    )


def test_one_set_of_weights_serves_every_resolution() -> None:
    s = surrogate(evolution())
    s.net = Scale(2)
    coarse, fine = (s(batch(shape=shape).float()) for shape in ((9, 8), (27, 16)))
    torch.testing.assert_close(fine[..., ::3, ::2], coarse, atol=1e-3, rtol=1e-6)


@pytest.mark.parametrize("grid", [(9, 8), (18, 24), (7, 6), (10, 31)])
def test_output_on_another_grid_is_the_same_function(grid: tuple[int, int]) -> None:
    s = surrogate(evolution()).double()
    s.net = Scale(2).double()
    torch.testing.assert_close(s(batch(), grid=grid), s(batch(shape=grid)), atol=1e-9, rtol=1e-9)


def test_a_trajectory_feeds_predictions_back() -> None:
    s, frames = surrogate(evolution(), problem=Evolution(2)).double(), batch(2).unflatten(1, (2, 2))
    made = s.trajectory(frames, 3)
    older, newer = frames.unbind(1)
    for step in range(3):
        older, newer = newer, s(torch.cat([older, newer], 1))
        assert torch.equal(made[:, step], newer)
    assert made.shape == (3, 3, 2, 9, 8)


def test_points_are_in_the_units_of_the_axes() -> None:
    axes = (Axis("x", start=-2.0, length=4.0, unit="km"), Axis("y", start=10.0, length=-5.0))
    s = surrogate(evolution((9, 7), grid=Grid(axes))).double()
    x = batch(shape=(9, 7))
    nodes = torch.cartesian_prod(
        *(torch.from_numpy(axis.coordinates(n)) for axis, n in zip(axes, (9, 7)))
    )
    # Odd sizes have no mode at the Nyquist frequency, so the interpolant passes through every
    # value.
    torch.testing.assert_close(
        s.at(x, nodes).unflatten(-1, (9, 7)), s(x).detach(), atol=1e-9, rtol=1e-10
    )
    torch.testing.assert_close(
        s.at(x, nodes + torch.tensor([4.0, 15.0])), s.at(x, nodes), atol=1e-9, rtol=1e-10
    )


def test_between_the_grid_points_lies_the_trigonometric_interpolant() -> None:
    grid = Grid((Axis("x", start=1.0, length=2.0),))
    s = surrogate(evolution((11,), channels=1, grid=grid), arguments=ARGUMENTS).double()
    x = batch(shape=(11,), channels=1)
    points = np.random.default_rng(0).uniform(1, 3, 40)
    c = np.fft.fft(s(x).detach().numpy(), axis=-1) / 11
    expected = np.einsum(
        "...k,kp->...p",
        c,
        np.exp(2j * np.pi * np.outer(np.fft.fftfreq(11, 1 / 11), (points - 1) / 2)),
    ).real
    np.testing.assert_allclose(s.at(x, torch.from_numpy(points)[:, None]), expected, rtol=1e-10)
    assert not s.at(x, torch.from_numpy(points)[:, None]).requires_grad


@pytest.mark.parametrize(
    ("points", "key", "value"),
    [
        (torch.zeros(3), "points", (3,)),
        (torch.zeros(3, 1), "points", (3, 1)),
        (torch.tensor([[0.5, 0.5], [9.0, 1.25]]), "y", 1.25),
        (torch.tensor([[0.5, -0.25]]), "y", -0.25),
    ],
)
def test_points_that_have_no_meaning(points: Tensor, key: str, value: Any) -> None:
    s = surrogate(evolution(grid=Grid((Axis("x"), Axis("y", "dirichlet", layout="ends")))))
    with raises_input(key, value):
        s.at(batch().float(), points)


@pytest.mark.parametrize("shape", [(3, 1, 9, 8), (3, 2, 9), (3, 5, 9, 8)])
def test_an_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    s = surrogate(evolution(), problem=Evolution(2))
    with raises_input("x", shape):
        s(torch.zeros(shape))


def test_a_normaliser_of_other_fields_is_refused() -> None:
    s = surrogate(evolution())
    with raises_input("input_norm", 2):
        Surrogate(surrogate(evolution(channels=1)).card, s.input_norm, s.output_norm)


def test_parameters_are_counted() -> None:
    s = surrogate(evolution())
    assert s.parameters_count() == sum(p.numel() for p in s.net.parameters()) > 0
    s.net = Scale(2)
    assert s.parameters_count() == 1
