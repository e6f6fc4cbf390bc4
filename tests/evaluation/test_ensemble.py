"""Ensembles of forecasts whose errors are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scoringrules
import torch
from raising import raises_input
from small import evolution, surrogate

from neurop.evaluation import Perturbation, ensemble
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.problems import Evolution

Make = Callable[..., Any]
GRID = Grid.latlon()


def weather(samples: int = 6, frames: int = 4, seed: int = 0) -> FieldSet:
    values = np.random.default_rng(seed).normal(size=(samples, frames, 1, 5, 8))
    times = Times(6.0 * np.arange(frames), "h")
    return FieldSet(values, (Field("msl", "Pa"),), GRID, times=times, source="weather")


def shifts(analytic: Make, data: FieldSet, *numbers: float) -> list[Any]:
    """Return surrogates that add a constant per step."""
    return [analytic(lambda x, c=c: x + c, data, step=6.0) for c in numbers]


def test_scores_are_those_by_hand(analytic: Make) -> None:
    data, numbers = weather(), (-1.0, 0.5, 2.0)
    found = ensemble(shifts(analytic, data, *numbers), data, batch_size=4)
    weights = GRID.weights((5, 8))
    for lead in (1, 3):
        y = data.values[:, lead, 0]
        x = np.stack([data.values[:, 0, 0] + lead * c for c in numbers], -1)
        at = found.isel(step=lead - 1, field=0)
        crps = scoringrules.crps_ensemble(y, x, estimator="fair")
        for name, exact in (
            ("crps", (crps * weights).mean()),
            ("mae", (np.abs(x - y[..., None]).mean(-1) * weights).mean()),
            ("rmse", np.sqrt(((x.mean(-1) - y) ** 2 * weights).mean())),
            ("spread", lead * np.std(numbers, ddof=1) * (4 / 3) ** 0.5),
        ):
            assert float(at[name]) == pytest.approx(exact, rel=1e-5)
        assert float(at.spread_over_error) == pytest.approx(float(at.spread / at.rmse))
        ranks = [((x < y[..., None]).sum(-1) == r) * weights for r in range(4)]
        np.testing.assert_allclose(at.rank_frequency, np.mean(ranks, (1, 2, 3)), rtol=1e-6)
        np.testing.assert_allclose(at.prediction, x.mean(-1), rtol=1e-5)
        np.testing.assert_allclose(at.deviation, lead * np.std(numbers, ddof=1), rtol=1e-4)
    np.testing.assert_allclose(found.time, [6.0, 12.0, 18.0])
    assert found.attrs["members"] == 3


def test_a_short_trajectory_counts_where_it_is_known_and_a_diverged_member_everywhere(
    analytic: Make,
) -> None:
    data = weather()
    ragged = FieldSet(
        data.values,
        data.fields,
        GRID,
        times=Times(data.times.values, "h", (4,) * 5 + (2,)),  # type: ignore[union-attr]
    )
    runs = shifts(analytic, data, -1.0, 1.0)
    whole, part = ensemble(runs, data), ensemble(runs, ragged)
    first = ensemble(runs, data.samples(slice(5)))
    np.testing.assert_allclose(part.crps[0], whole.crps[0])
    np.testing.assert_allclose(part.crps[1:], first.crps[1:])
    assert bool(part.truth[5, 1:].isnull().all())
    bad = analytic(lambda x: torch.where(x > 1.5, torch.nan, x), data, step=6.0)
    gone = ensemble([*runs, bad], data)
    for name in ("crps", "spread", "rmse", "energy_score", "rank_frequency"):
        assert bool(gone[name][0].isnull().all())


def test_perturbations_have_the_size_and_the_correlations_of_states() -> None:
    train = evolution((9, 8), samples=40, frames=3, seed=3)
    size = 0.1
    perturb = Perturbation(train, size, members=30, seed=1)
    frames = torch.zeros(8, 2, 2, 9, 8, dtype=torch.float64)
    starts = [(i, 0) for i in range(8)]
    made = np.stack([perturb(frames, starts, member).numpy() for member in range(30)])
    states = train.values[:] - train.values[:].mean((0, 1))
    expected = size * states.std((0, 1, 3, 4))
    np.testing.assert_allclose(made.std((0, 1, 2, 4, 5)), expected, rtol=0.15)
    np.testing.assert_allclose(made.mean((0, 1, 2, 4, 5)) / expected, 0.0, atol=0.3)
    again = perturb(frames, starts, 3).numpy()
    np.testing.assert_array_equal(again, made[3])
    assert np.abs(made[3] - made[4]).max() > 0
    # Every perturbation is a sum of waves of at most two periods, as the states are.
    finer = perturb(torch.zeros(8, 2, 2, 18, 16, dtype=torch.float64), starts, 3)
    np.testing.assert_allclose(finer[..., ::2, ::2], made[3], atol=1e-4)


def test_perturbed_inputs_spread(analytic: Make) -> None:
    data, train = weather(8), weather(50, seed=1)
    (one,) = shifts(analytic, data, 0.0)
    found = ensemble([one], data, 2, perturbation=Perturbation(train, 0.5, 12))
    assert found.attrs["members"] == 12
    # The model keeps a perturbation as it is.
    exact = 0.5 * (13 / 12) ** 0.5 * data.values.std()
    np.testing.assert_allclose(found.spread, exact, rtol=0.1)
    two = ensemble(
        shifts(analytic, data, -1.0, 1.0), data, 1, perturbation=Perturbation(train, 0.1, 4)
    )
    assert two.sizes["rank"] == 9


def test_a_map(analytic: Make) -> None:
    x = np.random.default_rng(0).normal(size=(10, 1, 1, 16))
    data = FieldSet(x, (Field("a"),), Grid.periodic(1), 2 * x, (Field("u", "m"),))
    runs = [analytic(lambda v, c=c: c * v, data) for c in (1.0, 2.0, 3.0)]
    found = ensemble(runs, data)
    assert found.sizes["step"] == 1
    np.testing.assert_allclose(found.rmse, 0.0, atol=1e-6)
    np.testing.assert_allclose(found.mae, 2 / 3 * np.abs(x).mean(), rtol=1e-5)


def test_what_is_no_ensemble(analytic: Make) -> None:
    data = weather()
    runs = shifts(analytic, data, 0.0, 1.0)
    with raises_input("members", 1):
        ensemble(runs[:1], data)
    with raises_input("steps", 4, "1 to 3"):
        ensemble(runs, data, 4)
    for key, more in (
        ("perturbation", {"size": 0.0}),
        ("perturbation", {"size": float("inf")}),
        ("members", {"members": 1}),
        ("seed", {"seed": -1}),
    ):
        with pytest.raises(ValueError, match="give") as error:
            Perturbation(data, **more)
        assert error.value.key == key  # type: ignore[attr-defined]
    with raises_input("members", 10, "one state"):
        Perturbation(FieldSet(data.values[:1, :1], data.fields, GRID))


def test_members_of_other_frames_or_units_are_refused() -> None:
    data = weather()
    one, three = (surrogate(data, problem=Evolution(history)) for history in (1, 3))
    with raises_input("ckpt", 3, "take 1 and 3 frames"):
        ensemble([one, three], data)
    pressure = replace(data, values=data.values / 100, fields=(Field("msl", "hPa"),))
    with raises_input("ckpt", "msl", "in Pa and msl in hPa"):
        ensemble([one, surrogate(pressure)], data)
