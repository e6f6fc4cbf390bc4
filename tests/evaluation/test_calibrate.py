"""Calibration and coverage of error bands, with surrogates whose errors are known."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from raising import raises_input

from neurop.evaluation import calibrate, coverage, rollout, with_bands
from neurop.evaluation.calibrate import PRIOR
from neurop.evaluation.coverage import exchangeable_interval
from neurop.fields import Field, FieldSet
from neurop.fields.mask import mask_missing
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.inference.bands import BandWarning
from neurop.inference.conformal.all_leads import AllLeads
from neurop.inference.conformal.rank import rank
from neurop.inference.conformal.share import Share

Make = Callable[..., Any]
STILL = lambda x: x  # noqa: E731
GRID = Grid.latlon()
FIELDS = (Field("msl", "Pa"), Field("t", "K"))


def walks(
    samples: int, frames: int = 4, seed: int = 0, size: float = 1.0, shape: tuple[int, ...] = (3, 4)
) -> FieldSet:
    """Return random walks, whose forecasts by persistence have known errors."""
    rng = np.random.default_rng(seed)
    steps = size * rng.normal(size=(samples, frames, 2, *shape)) * [[[1.0]], [[10.0]]]
    times = Times(6.0 * np.arange(frames), "h")
    return FieldSet(steps.cumsum(1), FIELDS, GRID, times=times, source="walks")


def pairs(samples: int, seed: int = 0) -> FieldSet:
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, samples, 1, 1, 8))
    return FieldSet(x, FIELDS[:1], Grid.periodic(1), x + noise, (Field("u", "m"),))


def test_modulation_and_scores_are_those_by_hand(analytic: Make) -> None:
    train, held_out = walks(5, seed=1), walks(30, seed=2)
    s = analytic(STILL, train, step=6.0)
    bands = calibrate(s, train, held_out, level=0.8, batch_size=7)
    e = train.values[:, 1:] - train.values[:, :1]
    square = (e**2).mean(0)
    mean = (square * GRID.weights((3, 4))).mean((-2, -1), keepdims=True)
    m = np.sqrt((5 * square + PRIOR * mean) / (5 + PRIOR))
    np.testing.assert_allclose(bands.modulation, m, rtol=1e-6)
    error = np.abs(held_out.values[:, 1:] - held_out.values[:, :1])
    np.testing.assert_allclose(bands.scores, (error / m).max((-2, -1)), rtol=1e-5)
    k = rank(30, 0.8) - 1
    np.testing.assert_allclose(bands.factor(), np.sort((error / m).max((-2, -1)), 0)[k], rtol=1e-5)
    assert bands.about["level"] == 0.8
    assert (bands.about["step"], bands.about["step_unit"]) == (6.0, "h")


@pytest.mark.parametrize("guarantee", [None, Share(0.8), AllLeads()])
def test_the_mean_coverage_over_calibrations_is_exact(analytic: Make, guarantee: Any) -> None:
    train = walks(8, seed=1)
    s = analytic(STILL, train, step=6.0)
    found = []
    for seed in range(25):
        s.bands = calibrate(s, train, walks(19, seed=10 + seed), guarantee, 0.9, batch_size=64)
        found.append(coverage(s, walks(60, seed=1000 + seed), batch_size=64).coverage.values)
    # The standard deviation over calibrations and tests is 0.077; 25 of them, fields independent.
    expected = rank(19, 0.9) / 20
    np.testing.assert_allclose(np.mean(found, (0, 2)), expected, atol=4 * 0.077 / 50**0.5)


def test_shifted_data_are_not_covered(analytic: Make) -> None:
    train = walks(8, seed=1)
    s = analytic(STILL, train, step=6.0)
    s.bands = calibrate(s, train, walks(99, seed=2))
    same, shifted = (coverage(s, walks(99, seed=3, size=size)) for size in (1.0, 2.0))
    # Six intervals of 90 %: not all hold at once.
    assert bool((same.coverage > same.expected_low - 0.05).all())
    assert bool((same.coverage < same.expected_high + 0.05).all())
    assert bool((shifted.coverage < shifted.expected_low).all())
    np.testing.assert_allclose(shifted.half_width, same.half_width)
    np.testing.assert_allclose(
        same.half_width,
        (s.bands.half_width() * GRID.weights((3, 4))).mean((-2, -1)),
    )


def test_the_interval_of_exchangeable_data() -> None:
    rng, n, m, level = np.random.default_rng(0), 60, 80, 0.9
    q = np.sort(rng.random((20_000, n)), 1)[:, rank(n, level) - 1 :][:, :1]
    covered = (rng.random((20_000, m)) <= q).mean(1)
    low, high = exchangeable_interval(n, m, level)
    assert (covered < low).mean() < 0.05 < (covered <= low).mean()
    assert (covered < high).mean() < 0.95 < (covered <= high).mean()


def test_a_map_has_one_lead_time(analytic: Make) -> None:
    train, held_out, test = (pairs(99, seed) for seed in range(3))
    s = analytic(STILL, train)
    s.bands = calibrate(s, train, held_out)
    assert s.bands.scores.shape == (99, 1, 1)
    error = np.abs(held_out.targets - held_out.values)[:, 0]  # type: ignore[operator]
    np.testing.assert_allclose(s.bands.scores, (error / s.bands.modulation).max(-1, keepdims=True))
    found = coverage(s, test)
    assert 0.83 <= found.coverage.item() <= 0.96
    assert found.sizes == {"lead": 1, "field": 1}
    with raises_input("every", 2):
        calibrate(s, train, held_out, every=2)


def test_several_forecasts_of_one_trajectory(analytic: Make) -> None:
    train, held_out = walks(2, 20, seed=1), walks(1, 41, seed=2)
    s = analytic(STILL, train, step=6.0)
    bands = calibrate(s, train, held_out, every=4)
    v = held_out.values
    assert bands.scores.shape == (10, 4, 2)
    error = np.abs(v[0, 5:9] - v[0, 4])
    np.testing.assert_allclose(bands.scores[1], (error / bands.modulation).max((-2, -1)), rtol=1e-5)
    with raises_input("level", 0.9, "needs 9 calibration samples, there are 1"):
        calibrate(s, train, held_out)
    with raises_input("steps", 5, "overlap"):
        calibrate(s, train, walks(2, 41, seed=3), every=4, steps=5)
    with raises_input("every", 0):
        calibrate(s, train, held_out, every=0)


def test_short_trajectories_have_no_score_at_late_leads(analytic: Make) -> None:
    train, held_out = walks(9, 8, seed=1), walks(30, 8, seed=2)
    lengths = tuple([8] * 12 + [3] * 18)
    times = replace(held_out.times, lengths=lengths)  # type: ignore[type-var]
    held_out = replace(held_out, times=times)
    s = analytic(STILL, train, step=6.0)
    bands = calibrate(s, train, held_out)
    assert bands.counts[:, 0].tolist() == [30, 30, 12, 12, 12, 12, 12]
    s.bands = calibrate(s, train, held_out, level=0.95)
    assert s.bands.leads == 2
    with raises_input("steps", 3, "19 forecasts"):
        calibrate(s, train, held_out, level=0.95, steps=3)
    early = calibrate(s, train, held_out, start=6, level=0.5)
    assert early.counts[:, 0].tolist() == [12]


def test_samples_must_be_new(analytic: Make) -> None:
    train, held_out = walks(12, seed=1), walks(30, seed=2)
    s = analytic(STILL, train, step=6.0)
    with raises_input("split", "walks", "12 samples"):
        calibrate(s, train, train)
    s.bands = calibrate(s, train, held_out)
    with raises_input("split", "walks", "4 samples"):
        coverage(s, held_out.samples(slice(20, 24)))
    with raises_input("start", 3):
        calibrate(s, train, held_out, start=3)
    with raises_input("level", 1.5):
        calibrate(s, train, held_out, level=1.5)


def test_a_diverged_forecast_is_never_covered(analytic: Make) -> None:
    train, held_out, test = walks(12, seed=1), walks(30, seed=2), walks(10, seed=3)
    s = analytic(STILL, train, step=6.0)
    s.bands = calibrate(s, train, held_out)
    largest = float(np.abs(test.values[:, 0, 1]).max())
    s.function = lambda x: x.where(x.abs().amax((-2, -1), keepdim=True) < largest, float("nan"))
    found = coverage(s, test)
    assert bool((found.coverage.sel(field="t") <= 0.9).all())
    assert bool((found.area.sel(field="t") <= 0.9).all())


@pytest.mark.parametrize("masked", [False, True])
def test_a_rollout_has_the_coverage_of_its_set(analytic: Make, masked: bool) -> None:
    def made(samples: int, seed: int) -> FieldSet:
        data = walks(samples, 5, seed)
        if not masked:
            return data
        values = data.values.copy()  # type: ignore[union-attr]
        values[..., 0, :2] = np.nan
        return mask_missing(replace(data, values=values))

    train, held_out, test = made(9, 1), made(40, 2), made(20, 3)
    s = analytic(STILL, train, step=6.0)
    s.bands = calibrate(s, train, held_out, steps=3)
    found = coverage(s, test)
    with pytest.warns(BandWarning, match="3 steps"):
        run = with_bands(s, rollout(s, test, 4), test)
    for name in ("coverage", "area", "expected_low", "expected_high", "half_width"):
        np.testing.assert_allclose(run[f"band_{name}"][:3], found[name], rtol=1e-6)
        assert bool(run[f"band_{name}"][3].isnull().all())
    half = s.bands.half_width()
    lower = run.lower.values[:, :3]
    exact = run.prediction.values[:, :3] - half
    np.testing.assert_allclose(lower, exact, rtol=1e-4, atol=1e-4)
    assert bool(run.upper[:, 3].isnull().all())
    assert bool(run.lower[..., 0, :2].isnull().all()) == masked
    with pytest.warns(BandWarning, match="frame 1"):
        with_bands(s, rollout(s, test, 3, start=1), test)


def test_a_finer_grid_is_measured_with_interpolated_bands(analytic: Make) -> None:
    train, held_out = walks(9, seed=1), walks(40, seed=2)
    s = analytic(STILL, train, step=6.0)
    s.bands = calibrate(s, train, held_out)
    finer = walks(10, seed=3, shape=(5, 8))
    found = coverage(s, finer)
    # More points of white noise: the largest of them is outside more often.
    assert float(found.coverage.mean()) < 0.85
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = calibrate(s, train, finer, level=0.5)
    assert other.shape == (5, 8)
