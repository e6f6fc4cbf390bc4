"""Comparisons: the errors are those of the other evaluations, and the interval is paired."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurop.evaluation import compare, errors_of, rollout, score
from neurop.evaluation.bootstrap import ratio_interval
from neurop.evaluation.compare import notes
from neurop.fields import FieldSet


def made(errors: Any) -> xr.Dataset:
    return xr.Dataset({"error": ("sample", np.asarray(errors, float)), "inference_ms": 2.0})


def test_errors_are_those_of_score_and_rollout(
    analytic: Any, travelling: Callable[..., FieldSet]
) -> None:
    data = travelling(frames=15)
    late = analytic(lambda x: 1.1 * torch.roll(x, 2, -1), data)  # 2 of 32 points are one frame
    found = errors_of(late, data)
    np.testing.assert_allclose(found.error, 0.1)
    np.testing.assert_allclose(found.growth, np.tile(1.1 ** np.arange(1, 15) - 1, (3, 1)))
    ten = 1.1 ** np.arange(1, 11) - 1
    np.testing.assert_allclose(found.trajectory, np.sqrt((ten**2).mean()))
    scores, ten_steps = score(late, data), rollout(late, data, 10)
    np.testing.assert_allclose(found.error.mean(), scores.relative_l2, rtol=1e-12)
    np.testing.assert_allclose(found.trajectory.mean(), ten_steps.trajectory_relative_l2)
    assert float(found.inference_ms) > 0
    assert errors_of(late, data, steps=4).sizes["step"] == 4


def test_means_ranges_and_ratios() -> None:
    result = compare(
        {
            "a": [made([0.1, 0.3]), made([0.3, 0.5])],
            "b": [made([0.05, 0.15])],
            "gone": [made([np.nan, 0.1])],
        }
    )
    np.testing.assert_allclose(result.error[:2], [0.3, 0.1])
    np.testing.assert_allclose((result.error_low[0], result.error_high[0]), (0.2, 0.4))
    np.testing.assert_allclose(result.error_samples[0], [0.2, 0.4])
    np.testing.assert_allclose(result.error_ratio[:2], [3.0, 1.0])
    # Means over the drawn pairs: 0.2 / 0.05, 0.3 / 0.1 or 0.4 / 0.15.
    np.testing.assert_allclose((result.error_ratio_low[0], result.error_ratio_high[0]), (8 / 3, 4))
    assert np.isnan(result.error_ratio[2])
    assert np.isnan(result.error_ratio_low[2])
    assert result.seeds.values.tolist() == [2, 1, 1]


errors = st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=12)


@settings(deadline=None, max_examples=30)
@given(st.data(), errors)
def test_the_interval_is_paired(data: st.DataObject, hard: list[float]) -> None:
    """What makes a sample hard for both models does not widen it; a factor only scales it."""
    e = np.array(hard)
    np.testing.assert_allclose(ratio_interval(3 * e, e), (3, 3), rtol=1e-9)
    other = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(e), max_size=len(e))))
    low, high = ratio_interval(e * other, e)
    assert other.min() * (1 - 1e-9) <= low <= high <= other.max() * (1 + 1e-9)
    np.testing.assert_allclose(ratio_interval(2 * e * other, e), (2 * low, 2 * high))


def test_the_interval_has_the_width_of_a_mean() -> None:
    """For errors with a deviation of 10 % in 400 samples it is about 1.96 * 0.1 * sqrt(2) / 20."""
    rng = np.random.default_rng(1)
    e, other = 1 + 0.1 * rng.normal(size=(2, 400))
    low, high = ratio_interval(e, other)
    assert high - low == pytest.approx(2 * 1.96 * 0.1 * np.sqrt(2) / 20, rel=0.15)


def test_there_is_no_interval_of_one_sample_or_of_a_diverged_model() -> None:
    one, two = np.array([1.0]), np.array([1.0, np.inf])
    assert np.isnan([*ratio_interval(one, one), *ratio_interval(two, np.ones(2))]).all()


def test_the_notes_say_what_is_not_decided() -> None:
    close = {"a": [made([0.1, 0.2, 0.3])], "b": [made([0.11, 0.19, 0.31])]}
    apart, seeds = notes(compare(close))
    assert "a and b cannot be distinguished by 3 samples" in apart
    assert "a and b differ by less than 2 times, with one seed" in seeds
    twice = {name: parts * 2 for name, parts in close.items()}
    assert len(list(notes(compare(twice)))) == 1
    clear = {"a": [made([0.1, 0.2])], "b": [made([0.3, 0.5])]}
    assert list(notes(compare(clear))) == []
    assert list(notes(compare({"a": [made([0.1])]}))) == []
    (single,) = notes(compare({"a": [made([0.1])], "b": [made([0.5])]}))
    assert "one sample gives no interval of the ratio 5" in single
