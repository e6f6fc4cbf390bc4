"""Forecasts on the sphere against the climatology at their valid times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small import evolution, mapping, surrogate

from neurop.cli import _weather
from neurop.cli._evaluation import Task
from neurop.errors import InputError
from neurop.evaluation.climatology import Climatology
from neurop.evaluation.rollout import rollout
from neurop.evaluation.weather import weather, weather_of_rollout
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.geometry.sphere import Sphere
from neurop.metrics.weather import cell_areas
from neurop.surrogate import Surrogate

GRID, SHAPE = Sphere.latlon(), (7, 8)


def record(values: np.ndarray, start: str = "2020-01-01", hours: int = 6) -> FieldSet:
    """Return one trajectory ``(time, *grid)`` of pressure with dates."""
    dates = np.datetime64(start, "s") + hours * 3600 * np.arange(len(values))
    return FieldSet(values[None, :, None], (Field("p", "Pa"),), GRID, times=Times(dates))


def random(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((frames, *SHAPE))


class Offset(torch.nn.Module):
    """Predicts a constant increment of each field."""

    def __init__(self, by: float, fields: int) -> None:
        super().__init__()
        self.by = torch.nn.Parameter(torch.full((1, fields, 1, 1), by, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0 * x[:, :1] + self.by


def persistent(data: FieldSet, by: float) -> Surrogate:
    s = surrogate(data).double()
    s.output_norm.mean.zero_(), s.output_norm.std.fill_(1)
    s.net = Offset(by, len(data.fields))  # type: ignore[assignment]
    return s


def test_bias_of_a_constant_offset_grows_with_the_lead_time() -> None:
    still = record(np.repeat(random(1), 12, axis=0) + 1e-9 * random(12, 1))
    found = weather(persistent(still, 0.5), still, record(random(40, 2)), [1, 4])
    np.testing.assert_allclose(found.bias[:, 0], [0.5, 2.0], atol=1e-7)
    np.testing.assert_allclose(found.rmse[:, 0], [0.5, 2.0], atol=1e-7)
    np.testing.assert_allclose(found.bias_map.isel(lead=1, field=0), 2.0, atol=1e-7)
    assert found.attrs["starts"] == [11, 8]


def test_scores_are_the_formulas_in_numpy() -> None:
    values, past = random(9), random(200, 3)
    found = weather(
        persistent(record(values), 0.25), record(values, "2020-06-01"), record(past), [2]
    )
    w = cell_areas(GRID, SHAPE)
    w /= w.sum()
    prediction, truth = values[:-2] + 0.5, values[2:]
    hourly = np.stack([past[hour::4].mean(0) for hour in range(4)])
    c = hourly[(np.arange(7) + 2) % 4]
    assert float(found.rmse[0, 0]) == pytest.approx(
        np.sqrt(((prediction - truth) ** 2 * w).sum((1, 2)).mean()), rel=1e-9
    )
    assert float(found.bias[0, 0]) == pytest.approx(
        ((prediction - truth) * w).sum((1, 2)).mean(), rel=1e-9
    )
    p, y = prediction - c, truth - c
    acc = (p * y * w).sum((1, 2)) / np.sqrt((p * p * w).sum((1, 2)) * (y * y * w).sum((1, 2)))
    assert float(found.acc[0, 0]) == pytest.approx(acc.mean(), rel=1e-9)
    assert float(found.climatology_rmse[0, 0]) == pytest.approx(
        np.sqrt((y**2 * w).sum((1, 2)).mean()), rel=1e-9
    )
    # The constant offset is in degree 0 alone.
    np.testing.assert_allclose(
        found.spectrum_prediction[0, 0, 1:],
        weather(
            persistent(record(values), 0.0), record(values), record(past), [2]
        ).spectrum_prediction[0, 0, 1:],
        rtol=1e-9,
    )
    assert not np.allclose(found.spectrum_prediction[0, 0, 0], found.spectrum_truth[0, 0, 0])


def test_the_steps_of_a_rollout_are_scored_as_forecasts_from_its_start() -> None:
    data, train = record(random(4), "2020-06-01"), record(random(60, 3))
    s = persistent(data, 0.25)
    steps = weather_of_rollout(rollout(s, data, 3), data, Climatology(train), 1)
    assert steps.step.values.tolist() == [1, 2, 3]
    last = weather(s, data, train, [3])  # its one start is that of the rollout
    for name in ("rmse", "bias", "acc", "persistence_acc", "climatology_rmse", "spectrum_truth"):
        np.testing.assert_allclose(steps[name][2], last[name][0], rtol=1e-5, err_msg=name)
    plain = _weather.record(steps)["weather"]
    assert plain["scores"][2]["bias"]["p"] == pytest.approx(float(last.bias[0, 0]), rel=1e-5)
    assert plain["climatology"] == "by hour of the day alone, from a record of 15 days"
    assert "weather_bias_map" in _weather.variables(steps)


def warm(frames: int, seed: int, start: str = "2020-01-01") -> FieldSet:
    """Return a record of temperatures in K."""
    return replace(record(280 + random(frames, seed), start), fields=(Field("p", "K"),))


def in_celsius(data: FieldSet) -> FieldSet:
    return replace(data, values=np.asarray(data.values) - 273.15, fields=(Field("p", "degC"),))


def test_the_climatology_is_in_the_units_of_the_surrogate() -> None:
    data, train = warm(9, 0, "2020-06-01"), warm(60, 3)
    s = persistent(data, 0.25)
    found, expected = (weather(s, data, one, [1, 2]) for one in (in_celsius(train), train))
    assert (expected.climatology_rmse < 2).all()
    for name in ("climatology_rmse", "acc", "persistence_acc"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, err_msg=name)


def test_the_steps_of_a_rollout_are_scored_in_the_units_of_the_surrogate() -> None:
    data, train = warm(4, 0, "2020-06-01"), warm(60, 3)
    s = persistent(data, 0.25)
    made = rollout(s, data, 3)
    expected = weather_of_rollout(made, data, Climatology(train), 1)
    source = SimpleNamespace(splits=lambda: {"train": in_celsius(train)})
    task = Task(s, source, Path("results"), {})  # type: ignore[arg-type]
    for test in (data, in_celsius(data)):
        found = _weather.of_rollout(task, test, made, 0)
        assert found is not None
        for name in ("climatology_rmse", "acc", "persistence_rmse", "persistence_acc"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, err_msg=name)


def test_a_diverged_rollout_has_no_finite_score() -> None:
    data = record(random(4))
    made = rollout(persistent(data, float("inf")), data, 2)
    found = weather_of_rollout(made, data, Climatology(data), 1)
    assert not np.isfinite(found.rmse).any()


def test_cells_outside_a_mask_count_nothing() -> None:
    inside = np.ones((1, 1, 1, *SHAPE))
    inside[..., :3, :] = 0
    values = random(6)
    data = record(values)
    masked = FieldSet(
        data.values,
        data.fields,
        GRID,
        times=data.times,
        conditions=(Condition(Field("mask"), "mask", inside),),
    )
    s = persistent(masked, 0.5)
    found = weather(s, masked, masked, [1])
    w = cell_areas(GRID, SHAPE)[3:]
    error = values[:-1, 3:] + 0.5 - values[1:, 3:]
    expected = np.sqrt((error**2 * w).sum((1, 2)).mean() / w.sum())
    assert float(found.rmse[0, 0]) == pytest.approx(expected, rel=1e-6)
    assert "spectrum_truth" not in found
    steps = weather_of_rollout(rollout(s, masked, 1), masked, Climatology(masked), 1)
    first = np.sqrt((error[0] ** 2 * w).sum() / w.sum())
    assert float(steps.rmse[0, 0]) == pytest.approx(first, rel=1e-5)


def test_a_short_record_has_the_hours_of_the_day_alone() -> None:
    values = np.zeros((240, *SHAPE)) + np.tile([1.0, 2, 3, 4], 60)[:, None, None]
    made = Climatology(record(values))
    assert not made.seasonal
    assert "60 days" in made.kind
    dates = np.array(["2021-07-01T06:00", "2021-12-01T18:00"], "datetime64[ns]")
    np.testing.assert_allclose(made.at(dates, 2)[:, 0, 0, 0], [2, 4])


def test_years_have_a_season() -> None:
    # Two years, every 12 hours: the day of the year counts; hour 12 is 100 above hour 0.
    count = 2 * 731
    day = np.arange(count) // 2
    values = np.abs((day % 365.25) - 180.0) + 100 * (np.arange(count) % 2)
    made = Climatology(record(values[:, None, None] + np.zeros(SHAPE), hours=12))
    assert made.seasonal
    # A straight line is its own mean over a symmetric window.
    dates = np.array(["2030-03-02T00:00", "2030-03-02T12:00"], "datetime64[s]")
    found = made.at(dates, 2)[:, 0, 0, 0]
    assert found[1] - found[0] == pytest.approx(100, abs=0.5)
    assert found[0] == pytest.approx(120, abs=1.0)


def test_a_year_of_days_has_a_season() -> None:
    assert Climatology(record(random(365), hours=24)).seasonal
    assert not Climatology(record(random(300), hours=24)).seasonal


def test_without_dates_it_is_the_mean() -> None:
    data = evolution((7, 8), grid=GRID, channels=1)
    made = Climatology(data)
    np.testing.assert_allclose(made.at(None, 2)[1], np.asarray(data.values).mean((0, 1)))


def test_wrong_input() -> None:
    data = record(random(9))
    s = persistent(data, 0.0)
    calls = {
        "leads": lambda: weather(s, data, data, [9]),
        "batch_size": lambda: weather(s, data, data, [1], batch_size=0),
        "grid": lambda: weather(surrogate(evolution()), evolution(), evolution(), [1]),
        "problem": lambda: weather(surrogate(mapping()), mapping(), mapping(), [1]),
        "climatology": lambda: weather(s, record(random(9), "2020-01-01T03:00"), data, [1]),
    }
    for key, call in calls.items():
        with pytest.raises(InputError) as wrong:
            call()
        assert wrong.value.key == key
