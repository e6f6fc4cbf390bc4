"""Trajectories of different lengths in one set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop import Field, FieldSet, Grid, Surrogate, Times, models
from neurop.evaluation.baselines import fit_baseline
from neurop.evaluation.climate import climate_drift
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.fields.standardize import Standardize
from neurop.fields.windows import Windows
from neurop.formats.splits import by_share
from neurop.problems import Evolution

LENGTHS = (6, 3, 5, 2)


def ragged(after: float = 0.0) -> FieldSet:
    """Return random trajectories; the value `after` stands for the frames that there are not."""
    values = np.random.default_rng(0).normal(size=(4, 6, 1, 8))
    for sample, n in enumerate(LENGTHS):
        values[sample, n:] = after
    times = Times(np.arange(6.0), "s", LENGTHS)
    return FieldSet(values, (Field("u"),), Grid.periodic(1), times=times)


def lengths(data: FieldSet) -> tuple[int, ...]:
    return tuple(data.length(sample) for sample in range(len(data)))


def whole(data: FieldSet) -> FieldSet:
    assert data.times is not None
    return replace(data, times=replace(data.times, lengths=None))


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    torch.manual_seed(0)
    return Surrogate.of(ragged(), models.FNO.spec(modes=3, width=4, depth=1)).eval()


def test_windows_lie_within_their_trajectory() -> None:
    data = ragged(np.nan)
    windows = Windows(data, history=2, steps=2)
    expected = [(s, t) for s, n in enumerate(LENGTHS) for t in range(n - 3)]
    assert len(windows) == len(expected) == 5
    for index, (sample, start) in enumerate(expected):
        found = torch.cat([windows[index]["input"], windows[index]["target"]])
        np.testing.assert_array_equal(found, data.values[sample, start : start + 4].astype("f4"))
    with raises_input("steps", 6):
        Windows(data, history=1, steps=6)


def test_slices_keep_the_lengths() -> None:
    data = ragged()
    assert lengths(data.samples(slice(1, 3))) == (3, 5)
    assert lengths(data.frames(slice(2, 5))) == (3, 1, 3, 0)
    assert lengths(data.frames(slice(None, None, 2))) == (3, 2, 3, 1)


def test_statistics_are_those_of_the_frames_that_there_are() -> None:
    frames = [ragged().values[s, :n] for s, n in enumerate(LENGTHS)]
    for after in (0.0, 1e9):
        inputs, changes = Standardize().fit(ragged(after), increments=True)
        assert inputs.std.item() == pytest.approx(np.concatenate(frames).std(), rel=1e-5)
        steps = np.concatenate([np.diff(f, axis=0) for f in frames])
        assert changes.std.item() == pytest.approx(steps.std(), rel=1e-5)


def test_scores_do_not_depend_on_what_stands_after_the_end(surrogate: Surrogate) -> None:
    one, two = (score(surrogate, ragged(after)) for after in (0.0, 1e3))
    for name in ("relative_l2", "rmse", "rmse_one_step", "relative_l2_worst", "worst_sample"):
        np.testing.assert_array_equal(one[name], two[name])
    samples = one.relative_l2_samples.values
    assert [int(np.isfinite(row).sum()) for row in samples] == [n - 1 for n in LENGTHS]
    assert float(one.relative_l2) == pytest.approx(np.nanmean(samples))
    alone = score(surrogate, whole(ragged().samples(slice(0, 1))))
    np.testing.assert_allclose(samples[0], alone.relative_l2_samples.values[0], rtol=1e-6)


def test_a_rollout_is_compared_up_to_the_end_of_each_truth(surrogate: Surrogate) -> None:
    found = rollout(surrogate, ragged(7.0), steps=5)
    for sample, n in enumerate(LENGTHS):
        one = ragged().samples(slice(sample, sample + 1)).frames(slice(n))
        alone = rollout(surrogate, whole(one), steps=5)
        for name in ("relative_l2_samples", "truth", "prediction"):
            np.testing.assert_allclose(found[name][sample], alone[name][0], rtol=1e-5)
    errors = found.relative_l2_samples.values
    np.testing.assert_allclose(found.relative_l2, np.nanmean(errors, 0), rtol=1e-6)
    with raises_input("start", 2):
        rollout(surrogate, ragged(), steps=1, start=2)


def test_training_takes_all_lengths(surrogate: Surrogate) -> None:
    assert len(Evolution(unroll=2).examples(ragged())) == sum(max(n - 2, 0) for n in LENGTHS)


def test_wrong_lengths_are_one_line() -> None:
    for wrong in ((6, 3, 5), (7, 3, 5, 2), (-1, 3, 5, 2)):
        with raises_input("lengths", wrong):
            replace(ragged(), times=Times(np.arange(6.0), "s", wrong))


def test_a_random_order_keeps_each_length_with_its_trajectory() -> None:
    data = ragged()
    parts = by_share(data, 0.25, seed=1)
    for part in parts.values():
        for sample in range(len(part)):
            row = next(i for i in range(4) if np.array_equal(part.values[sample], data.values[i]))
            assert part.length(sample) == LENGTHS[row]


def test_a_trajectory_without_a_step_left_is_in_no_mean(surrogate: Surrogate) -> None:
    data = ragged()
    assert data.times is not None
    short = replace(data, times=replace(data.times, lengths=(6, 1, 5, 2)))
    found = rollout(surrogate, short, steps=3)
    samples = found.trajectory_relative_l2_samples.values
    np.testing.assert_array_equal(np.isnan(samples), [False, True, False, False])
    assert float(found.trajectory_relative_l2) == pytest.approx(np.nanmean(samples))


def test_climatology_is_that_of_the_frames_that_there_are() -> None:
    frames = np.concatenate([ragged().values[s, :n] for s, n in enumerate(LENGTHS)])
    made = fit_baseline("climatology", ragged(1e3), ragged(1e3))
    np.testing.assert_allclose(made.mean, frames.mean(0), rtol=1e-6, atol=1e-9)


def test_the_climate_is_that_of_the_frames_of_all_trajectories(surrogate: Surrogate) -> None:
    found = climate_drift(rollout(surrogate, ragged(np.nan), steps=5), 1.0)
    shortest = whole(ragged()).frames(slice(2))
    expected = climate_drift(rollout(surrogate, shortest, steps=1), 1.0)
    for name, values in expected.items():
        assert np.isfinite(values).all()
        np.testing.assert_allclose(found[name], values, rtol=1e-6, err_msg=name)
