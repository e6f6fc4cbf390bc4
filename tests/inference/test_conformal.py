"""Ranks, scores and bands of split conformal prediction."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.inference.conformal.all_leads import AllLeads
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.conformal.everywhere import Everywhere
from neurop.inference.conformal.guarantee import Guarantee
from neurop.inference.conformal.modulation import on_grid
from neurop.inference.conformal.rank import check_level, rank, samples_needed
from neurop.inference.conformal.share import Share

LEVELS = ("0.5", "0.7", "0.8", "0.9", "0.95", "0.99", "0.123")


@pytest.mark.parametrize("text", LEVELS)
def test_ranks_are_those_of_exact_arithmetic(text: str) -> None:
    level = Fraction(text)
    for samples in range(1, 130):
        exact = -((-(samples + 1) * level.numerator) // level.denominator)  # ceiling
        if exact > samples:
            with raises_input("level", float(text), "calibration samples"):
                rank(samples, float(text))
            assert samples < samples_needed(float(text))
        else:
            assert rank(samples, float(text)) == max(exact, 1)
            assert samples >= samples_needed(float(text))


@pytest.mark.parametrize("level", [0.0, 1.0, 90, True, float("nan"), "0.9"])
def test_a_level_is_a_probability(level: object) -> None:
    with pytest.raises(ValueError, match="probability") as error:
        check_level(level)  # type: ignore[arg-type]
    assert error.value.key == "level"  # type: ignore[attr-defined]


def band(scores: np.ndarray, level: float = 0.9) -> Calibration:
    modulation = np.ones((*scores.shape[1:], 4))
    return Calibration(Everywhere(), scores, modulation, Grid.periodic(1), {"level": level})


@pytest.mark.parametrize(("samples", "level"), [(9, 0.9), (19, 0.9), (50, 0.8), (30, 0.5)])
def test_coverage_is_k_over_n_plus_1(samples: int, level: float) -> None:
    rng = np.random.default_rng(0)
    draws = 20_000
    scores = rng.exponential(size=(samples, draws, 1))
    q = band(scores, level).factor()
    covered = (rng.exponential(size=(draws, 1)) <= q).mean()
    expected = rank(samples, level) / (samples + 1)
    assert covered == pytest.approx(expected, abs=4 * (expected * (1 - expected) / draws) ** 0.5)
    assert expected >= level


def test_a_diverged_forecast_counts_and_an_ended_one_does_not() -> None:
    scores = np.arange(1.0, 13.0).reshape(12, 1, 1)
    scores[3], scores[5] = np.inf, np.nan
    made = band(scores, 0.8)
    # 1 2 3 5 7 8 9 10 11 12 inf: rank 10 of 11.
    assert made.counts.item() == 11
    assert made.factor().item() == 12.0
    assert made.factor(0.9).item() == np.inf


def test_too_few_samples_name_the_number_needed() -> None:
    made = band(np.ones((18, 1, 1)), 0.9)
    with raises_input("level", 0.95, "19"):
        made.factor(0.95)


def test_arrays_that_do_not_belong_together() -> None:
    grid = Grid.periodic(1)
    for scores, modulation in (
        (np.ones((9, 2, 1)), np.ones((1, 1, 4))),
        (np.ones((9, 1, 1)), np.ones((1, 1))),
        (np.ones((9, 1, 1)), np.zeros((1, 1, 4))),
        (-np.ones((9, 1, 1)), np.ones((1, 1, 4))),
    ):
        with pytest.raises(ValueError, match="need"):
            Calibration(Everywhere(), scores, modulation, grid)


def weighted() -> tuple[torch.Tensor, torch.Tensor]:
    """Return ratios on a sphere, and weights."""
    grid = Grid.latlon()
    ratio = torch.rand(3, 2, 2, 9, 16, generator=torch.Generator().manual_seed(0)).double()
    return ratio, torch.from_numpy(grid.weights((9, 16)))[(None,) * 3]


@pytest.mark.parametrize("area", [0.1, 0.5, 0.9, 1.0])
def test_a_share_of_the_area_is_inside(area: float) -> None:
    ratio, weights = weighted()
    q = Share(area).scores(ratio, weights)[..., None, None]
    inside = ((ratio <= q) * weights).mean((-2, -1))
    less = ((ratio < q) * weights).mean((-2, -1))
    assert bool((inside >= area - 1e-9).all())
    assert bool((less < area - 1e-9).all())  # the smallest such band


def test_scores_scale_with_the_error_and_grow_with_the_promise() -> None:
    ratio, weights = weighted()
    kinds: list[Guarantee] = [Share(0.5), Share(0.9), Everywhere(), AllLeads()]
    found = [kind.scores(ratio, weights) for kind in kinds]
    for smaller, larger in pairwise(found):
        assert bool((smaller <= larger).all())
    for kind, scores in zip(kinds, found, strict=True):
        torch.testing.assert_close(kind.scores(3 * ratio, weights), 3 * scores)
    torch.testing.assert_close(found[-1], ratio.amax((1, 3, 4))[:, None].expand(3, 2, 2))


def test_cells_outside_the_domain_count_in_no_score() -> None:
    ratio = torch.tensor([1.0, 3.0, 0.0, 0.0])[None, None, None]  # 0 outside
    weights = torch.tensor([2.0, 2.0, 0.0, 0.0])[None, None, None]
    assert Share(0.5).scores(ratio, weights).item() == 1.0
    assert Share(0.6).scores(ratio, weights).item() == 3.0


@pytest.mark.parametrize("kind", [Everywhere(), AllLeads(), Share(0.9)])
def test_a_lead_time_without_truth_has_no_score(kind: Guarantee) -> None:
    ratio = torch.ones(1, 2, 1, 4)
    ratio[0, 1] = torch.nan
    scores = kind.scores(ratio, torch.ones(1, 1, 1, 4))[0, :, 0]
    assert scores.isnan().tolist() == [isinstance(kind, AllLeads), True]


@pytest.mark.parametrize("area", [0.0, 1.5, float("nan")])
def test_no_share(area: float) -> None:
    with pytest.raises(ValueError, match="share") as error:
        Share(area)
    assert error.value.key == "area"  # type: ignore[attr-defined]


def test_a_modulation_between_points() -> None:
    grid = Grid((Axis("x", "open", layout="ends"), Axis("y", length=2.0)))
    x, y = grid.coordinates((5, 8)).values()
    values = np.exp(2 * x[:, None] + np.abs(np.sin(np.pi * y)))[None]
    finer = on_grid(values, grid, (9, 8))
    np.testing.assert_allclose(finer[:, ::2], values, rtol=1e-12)
    np.testing.assert_allclose(finer[:, 1], np.exp(0.25) * finer[:, 0], rtol=1e-12)
    around = on_grid(values, grid, (5, 16))
    np.testing.assert_allclose(around[..., -1], np.sqrt(values[..., -1] * values[..., 0]))
    assert on_grid(values, grid, (5, 8)) is values
