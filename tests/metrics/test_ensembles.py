"""Scores of ensembles, against scoringrules and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
import torch
from raising import raises_input
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.metrics.ensembles import (
    energy_score,
    interval_coverage,
    rank_frequencies,
    spread_and_error,
)
from neurop.metrics.measure import Measure


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("members", [2, 3, 7])
def test_the_energy_score_is_that_of_scoringrules(members: int) -> None:
    x, y, scale = random(members, 4, 2, 3, 5), random(4, 2, 3, 5, seed=1), random(3, seed=2).exp()
    found = energy_score(x, y, torch.ones(5, dtype=torch.float64), scale)
    flat = ((v / scale[:, None]).flatten(-2).numpy() / 15**0.5 for v in (y, x))
    truth, forecast = flat
    exact = scoringrules.es_ensemble(truth, np.moveaxis(forecast, 0, -2), estimator="fair")
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_the_energy_score_of_one_point_is_the_fair_crps() -> None:
    x, y = random(5, 4, 1, 1), random(4, 1, 1, seed=1)
    found = energy_score(x, y, torch.ones(1), torch.ones(1))
    exact = scoringrules.crps_ensemble(
        y.flatten().numpy(), x.flatten(1).T.numpy(), estimator="fair"
    )
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_weights_of_the_sphere_and_of_a_domain() -> None:
    weights = torch.from_numpy(Grid.latlon().weights((5, 8)))
    x, y = random(3, 2, 1, 5, 8), random(2, 1, 5, 8, seed=1)
    spread, error = spread_and_error(x, y, weights)
    w = weights.numpy()
    exact = (x.numpy().var(0, ddof=1) * 4 / 3 * w).mean((-2, -1))
    np.testing.assert_allclose(spread, exact, rtol=1e-12)
    np.testing.assert_allclose(error, ((x.mean(0) - y).numpy() ** 2 * w).mean((-2, -1)), rtol=1e-12)
    inside = torch.zeros(2, 5, 8, dtype=torch.bool)
    inside[:, 1, 2] = True
    part = Measure(weights, inside)
    for whole in (
        spread_and_error(x, y, part)[1],
        energy_score(x, y, part, torch.ones(1))[:, None],
    ):
        point = x[..., 1:2, 2:3], y[..., 1:2, 2:3], torch.ones(1, 1, dtype=torch.float64)
        alone = (spread_and_error(*point)[1], energy_score(*point, torch.ones(1))[:, None])
        assert any(torch.allclose(whole, one) for one in alone)
    ranks = rank_frequencies(x, y, part, torch.Generator())
    assert sorted(ranks[0, 0].tolist()) == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("members", [2, 5, 10])
def test_an_ensemble_of_the_distribution_of_the_truth_is_reliable(members: int) -> None:
    x, y = random(members, 400, 1, 100), random(400, 1, 100, seed=1)
    weights = torch.ones(100, dtype=torch.float64)
    spread, error = (v.mean() for v in spread_and_error(x, y, weights))
    assert (spread / error).item() == pytest.approx(1.0, abs=0.03)
    ranks = rank_frequencies(x, y, weights, torch.Generator().manual_seed(0)).mean((0, 1))
    assert ranks.sum().item() == pytest.approx(1.0)
    np.testing.assert_allclose(ranks, 1 / (members + 1), atol=5 * (members**0.5 / 40_000) ** 0.5)
    levels, found = interval_coverage(ranks)
    np.testing.assert_allclose(found, levels, atol=0.01)


def test_too_small_a_spread_is_seen() -> None:
    x, y = 0.5 * random(9, 200, 1, 50), random(200, 1, 50, seed=1)
    weights = torch.ones(50, dtype=torch.float64)
    spread, error = (v.mean() for v in spread_and_error(x, y, weights))
    # Variances: spread (M + 1) / M / 4; error 1 + 1 / (4 M).
    exact = ((10 / 9 / 4) / (1 + 1 / 36)) ** 0.5
    assert (spread / error).sqrt().item() == pytest.approx(exact, rel=0.02)
    ranks = rank_frequencies(x, y, weights, torch.Generator()).mean((0, 1))
    assert bool((ranks[[0, -1]] > 2 * ranks[4]).all())
    levels, found = interval_coverage(ranks)
    assert bool((found < levels).all())


def test_equal_values_have_every_rank() -> None:
    zeros = torch.zeros(3, 1, 1, 4000)
    ranks = rank_frequencies(zeros, zeros[0], torch.ones(4000), torch.Generator().manual_seed(0))
    np.testing.assert_allclose(ranks[0, 0], 0.25, atol=0.03)


def test_the_coverage_of_intervals_counts_points_inside() -> None:
    x, y = random(6, 30, 1, 20), random(30, 1, 20, seed=1)
    weights = torch.ones(20, dtype=torch.float64)
    ranks = rank_frequencies(x, y, weights, torch.Generator()).mean((0, 1))
    levels, found = interval_coverage(ranks)
    ordered = x.sort(0).values
    inside = [((ordered[i] < y) & (y < ordered[5 - i])).double().mean() for i in (2, 1, 0)]
    np.testing.assert_allclose(found, inside, rtol=1e-12)
    np.testing.assert_allclose(levels, [1 / 7, 3 / 7, 5 / 7])


def test_what_is_no_ensemble() -> None:
    y = random(2, 1, 4)
    for score in (spread_and_error, lambda *a: energy_score(*a, torch.ones(1))):
        with raises_input("members", 1):
            score(y[None], y, torch.ones(4))
    with raises_input("members", (3, 2, 1, 5)):
        spread_and_error(random(3, 2, 1, 5), y, torch.ones(4))
