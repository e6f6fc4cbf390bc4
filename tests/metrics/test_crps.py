from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.metrics.crps import almost_fair_crps, crps_at_points, fair_crps
from neurop.metrics.measure import Measure


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def gaussian(mean: float, sd: float, truth: float) -> float:
    """Return the CRPS of a normal distribution (Gneiting and Raftery 2007, equation 5 of 4.2)."""
    z = (truth - mean) / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return sd * (z * math.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.95, 1.0])
def test_two_members_by_hand(alpha: float) -> None:
    # Errors 1 and 3 on the same side; 1 and 3 on both sides.
    same, both = (crps_at_points(double(a, 3.0), double(0.0)[0], alpha) for a in (1.0, -1.0))
    share = 1 - (1 - alpha) / 2
    assert same.item() == pytest.approx(2 - share * 2 / 2, abs=1e-14)
    assert both.item() == pytest.approx(2 - share * 4 / 2, abs=1e-14)


@pytest.mark.parametrize("members", [2, 3, 7, 16])
def test_it_is_that_of_scoringrules(members: int) -> None:
    x, y = 3 * random(members, 5, 4), random(5, 4, seed=1)
    last = x.movedim(0, -1).numpy()
    fair = scoringrules.crps_ensemble(y.numpy(), last, estimator="fair")
    plain = scoringrules.crps_ensemble(y.numpy(), last, estimator="nrg")
    for alpha in (0.0, 0.95, 1.0):
        expected = alpha * fair + (1 - alpha) * plain
        np.testing.assert_allclose(crps_at_points(x, y, alpha), expected, atol=1e-14)


@pytest.mark.parametrize("truth", [0.0, 1.5, -4.0])
def test_many_members_of_a_normal_distribution(truth: float) -> None:
    # At the quantiles of the distribution the score converges as 1 / members.
    count = 2000
    levels = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    members = 0.5 + 2.0 * torch.special.ndtri(levels)
    plain = crps_at_points(members, double(truth)[0], alpha=0.0)
    assert plain.item() == pytest.approx(gaussian(0.5, 2.0, truth), rel=1e-3)


@pytest.mark.parametrize("alpha", [0.0, 0.95, 1.0])
@pytest.mark.parametrize("members", [2, 5])
def test_its_expectation_exceeds_that_of_the_distribution_by_1_minus_alpha_over_members(
    members: int, alpha: float
) -> None:
    # Members and truth from one normal distribution: sigma / sqrt(pi) (1 + (1 - alpha) / M).
    draws = 200_000
    x, y = random(members, draws, seed=2), random(draws, seed=3)
    scores = crps_at_points(x, y, alpha)
    expected = (1 + (1 - alpha) / members) / math.sqrt(math.pi)
    error = scores.std().item() / math.sqrt(draws)
    assert scores.mean().item() == pytest.approx(expected, abs=4 * error)
    assert error < 2e-3


def test_the_fair_score_is_smallest_for_the_spread_of_the_truth() -> None:
    noise, truth = random(2, 100_000, seed=4), random(100_000, seed=5)
    factors = [0.8, 0.9, 1.0, 1.1, 1.2]
    fair = [crps_at_points(s * noise, truth).mean().item() for s in factors]
    assert np.argmin(fair) == 2
    plain = [crps_at_points(s * noise, truth, 0.0).mean().item() for s in factors]
    assert np.argmin(plain) == 0  # under-dispersed


def test_it_is_weighted_by_area_field_by_field_and_lead_by_lead() -> None:
    grid = Grid.latlon()
    w = torch.from_numpy(grid.weights((9, 4)))
    # Both members exceed the truth: the fair score is the smaller error.
    error = random(3, 2, 5, 9, 4).abs()
    members = torch.stack([error, error + 1.0])
    score = fair_crps(members, torch.zeros_like(error), w)
    latitude = np.deg2rad(np.linspace(90, -90, 9))
    area = np.maximum(np.cos(latitude), 0)
    expected = (error.numpy().mean(-1) * area).sum(-1) / area.sum()
    assert score.shape == (3, 2, 5)
    np.testing.assert_allclose(score, expected, atol=1e-13)
    poles = members.clone()
    poles[..., 0, :] += 7.0
    torch.testing.assert_close(fair_crps(poles, torch.zeros_like(error), w), score)


def test_cells_outside_a_domain_count_nothing() -> None:
    inside = torch.tensor([[True, True, False, False]])
    measure = Measure(torch.ones(4, dtype=torch.float64), inside)
    members, truth = random(3, 2, 1, 4), random(2, 1, 4, seed=6)
    part = almost_fair_crps(members[..., :2], truth[..., :2], double(1, 1), alpha=0.9)
    torch.testing.assert_close(almost_fair_crps(members, truth, measure, alpha=0.9), part)


def test_its_gradient_is_that_of_finite_differences_and_0_at_the_truth() -> None:
    members, truth = random(4, 2, 3, 8).requires_grad_(), random(2, 3, 8, seed=7)
    w = double(*range(1, 9)) / 4.5
    assert torch.autograd.gradcheck(lambda x: almost_fair_crps(x, truth, w), (members,))
    exact = truth.expand(4, 2, 3, 8).clone().requires_grad_()
    score = almost_fair_crps(exact, truth, w)
    score.sum().backward()
    assert score.abs().max().item() == 0
    assert exact.grad is not None
    assert exact.grad.abs().max().item() == 0


def test_it_is_translated_and_scaled_as_the_members() -> None:
    members, truth = random(5, 20), random(20, seed=8)
    score = crps_at_points(members, truth, 0.95)
    torch.testing.assert_close(crps_at_points(members + 9, truth + 9, 0.95), score)
    torch.testing.assert_close(crps_at_points(-3 * members, -3 * truth, 0.95), 3 * score)
    torch.testing.assert_close(crps_at_points(members.flip(0), truth, 0.95), score)


def test_it_is_never_negative_in_single_precision() -> None:
    # Members on both sides of a truth of 10 000: the terms of the pairs do not cancel.
    truth = torch.full((1000,), 1e4)
    spread = random(2, 1000).float().abs() * 1e-2
    members = torch.stack([truth - spread[0], truth + spread[1]])
    assert crps_at_points(members, truth).min().item() >= 0


@pytest.mark.parametrize(
    ("members", "truth", "alpha", "key", "value"),
    [
        (random(1, 3), random(3), 1.0, "members", 1),
        (random(3, 2), random(3), 1.0, "members", (3, 2)),
        (random(2, 3), random(3), 1.5, "alpha", 1.5),
    ],
)
def test_wrong_input(members: Tensor, truth: Tensor, alpha: float, key: str, value: object) -> None:
    with pytest.raises(InputError) as wrong:
        crps_at_points(members, truth, alpha)
    assert (wrong.value.key, wrong.value.value) == (key, value)
