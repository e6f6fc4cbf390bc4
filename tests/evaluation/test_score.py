"""Scores in physical units, by the conventions of forecast verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.evaluation.score import score
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid

Make = Callable[..., Any]
STILL = lambda x: x  # noqa: E731
GRID = Grid.latlon()
W = GRID.weights((5, 8))


def weather(frames: int = 16, samples: int = 1, channels: int = 1) -> FieldSet:
    values = np.random.default_rng(0).normal(size=(samples, frames, channels, 5, 8)) + 3
    names = (Field("msl", "Pa"), Field("t", "K"))[:channels]
    return FieldSet(
        values, names, GRID, times=Times(6.0 * np.arange(frames), "h"), source="weather"
    )


def test_rmse_is_the_root_of_the_mean_over_every_start(analytic: Make) -> None:
    data = weather()
    s = score(analytic(STILL, data, step=6.0), data, batch_size=5)
    assert s.lead.values.tolist() == [1, 4, 12]
    np.testing.assert_allclose(s.lead_time, [6, 24, 72])
    v = data.values[0, :, 0]
    expected = [np.sqrt(((v[n:] - v[:-n]) ** 2 * W).mean()) for n in (1, 4, 12)]
    np.testing.assert_allclose(s.persistence_rmse[:, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(s.rmse, s.persistence_rmse, rtol=1e-12)
    assert "climatology_rmse" not in s


def test_every_start_of_a_history_of_two(analytic: Make) -> None:
    data = weather(samples=2)
    s = score(
        analytic(lambda x: 2 * x[:, 1:] - x[:, :1], data, history=2, step=6.0),
        data,
        leads=[2],
        batch_size=4,
    )
    v = data.values[:, :, 0]
    np.testing.assert_allclose(
        s.rmse[0, 0],
        np.sqrt(((v[:, 3:] - (3 * v[:, 1:-2] - 2 * v[:, :-3])) ** 2 * W).mean()),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        s.persistence_rmse[0, 0], np.sqrt(((v[:, 3:] - v[:, 1:-2]) ** 2 * W).mean()), rtol=1e-12
    )


def test_acc_and_climatology(analytic: Make) -> None:
    data = weather()
    c = data.values[0].mean(0)
    s = score(analytic(lambda x: 0 * x + 4, data, step=6.0), data, climatology=c, leads=[1])
    y, p = data.values[0, 1:, 0] - c[0], 4 - c[0]
    acc = [(W * p * a).sum() / np.sqrt((W * p * p).sum() * (W * a * a).sum()) for a in y]
    np.testing.assert_allclose(s.acc[0, 0], np.mean(acc), rtol=1e-10)
    np.testing.assert_allclose(s.climatology_rmse[0, 0], np.sqrt((W * y**2).mean()), rtol=1e-12)
    exact = score(analytic(STILL, data, step=6.0), data, climatology=c - 1)
    np.testing.assert_allclose(exact.acc, exact.persistence_acc, rtol=1e-12)
    with raises_input("climatology", c[0].shape):
        score(analytic(STILL, data, step=6.0), data, climatology=c[0])


def test_one_step_errors_are_over_all_windows_and_by_field(analytic: Make) -> None:
    data = weather(samples=3, channels=2)
    s = score(analytic(STILL, data, step=6.0), data)
    p, y = (
        torch.from_numpy(data.values[:, :-1]).flatten(0, 1),
        torch.from_numpy(data.values[:, 1:]).flatten(0, 1),
    )
    # Means over fields of the ratios of their own norms.
    over, under = ((x.square() * torch.from_numpy(W)).mean((2, 3)) for x in (p - y, y))
    fields = (over / under).sqrt()
    each = fields.mean(1).reshape(3, 15)
    np.testing.assert_allclose(s.relative_l2_field, fields.mean(0), rtol=1e-12)
    np.testing.assert_allclose(s.relative_l2_samples, each, rtol=1e-12)
    np.testing.assert_allclose(
        [s.relative_l2, s.relative_l2_median, s.relative_l2_worst],
        [each.mean(), np.median(each), each.max()],
        rtol=1e-12,
    )
    assert int(s.worst_sample) == int(each.max(1).values.argmax())
    np.testing.assert_allclose(s.persistence_relative_l2, s.relative_l2)
    np.testing.assert_allclose(
        s.rmse_one_step, np.sqrt((((p - y) ** 2).numpy() * W).mean((0, 2, 3))), rtol=1e-12
    )
    assert s.unit.values.tolist() == ["Pa", "K"]


def test_a_map_has_errors_and_examples_but_no_leads(analytic: Make) -> None:
    a, u = np.random.default_rng(0).normal(size=(2, 5, 1, 1, 6, 6))
    data = FieldSet(a, (Field("a"),), Grid.periodic(2), u, (Field("u", "Pa"),), source="map")
    s = score(analytic(lambda x: 0 * x, data), data, batch_size=2)
    np.testing.assert_allclose(s.relative_l2_samples, 1.0)
    np.testing.assert_allclose(s.rmse_one_step[0], np.sqrt((u**2).mean()))
    assert "lead" not in s.dims
    assert s.sizes["example"] == 3
    np.testing.assert_allclose(s.truth[:, 0], u[[0, 2, 4], 0, 0], rtol=1e-6)
    np.testing.assert_allclose(s.input[:, 0], a[[0, 2, 4], 0, 0], rtol=1e-6)
    assert s.example_name.values.tolist() == ["sample 0", "sample 2", "sample 4"]


def test_examples_of_a_single_long_sample_are_spread_over_its_frames(analytic: Make) -> None:
    data = weather()
    s = score(analytic(STILL, data, step=6.0), data)
    assert s.example_name.values.tolist() == [
        "sample 0, frame 1",
        "sample 0, frame 8",
        "sample 0, frame 15",
    ]
    np.testing.assert_allclose(s.truth[2, 0], data.values[0, 15, 0], rtol=1e-6)
    np.testing.assert_allclose(s.prediction[2, 0], data.values[0, 14, 0], rtol=1e-6)


@pytest.mark.parametrize("lead", [0, 16])
def test_a_lead_that_does_not_fit_is_said(analytic: Make, lead: int) -> None:
    with raises_input("leads", lead):
        score(analytic(STILL, weather(), step=6.0), weather(), leads=[lead])
