"""A surrogate that takes computed conditions needs dates and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input
from torch import Tensor

import neurop
from neurop import Field, FieldSet, Sphere, Surrogate, Times, models
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.fields.computed.computed import with_computed
from neurop.fields.computed.solar import Solar
from neurop.problems import Evolution

HOURS = np.timedelta64(6, "h")
START = np.datetime64("2023-12-30T00", "ns")


def warmed(frames: int = 6, shape: tuple[int, int] = (5, 8), start: Any = START) -> FieldSet:
    """T' = 0.9 T + 0.01 F + sin(latitude), with the radiation F at the predicted time."""
    globe, dates = Sphere.latlon(), Times(start + np.arange(frames) * HOURS)
    places = globe.latitudes(shape[0])[:, None], globe.longitudes(shape[1])
    flux = Solar().values(dates.values, *places)[0]
    t = np.zeros((1, frames, 1, *shape))
    t[:, 0, 0] = 10 * np.cos(places[0]) * np.ones(shape)
    for i in range(1, frames):
        t[:, i, 0] = 0.9 * t[:, i - 1, 0] + 0.01 * flux[i] + np.sin(places[0])
    return FieldSet(t, (Field("t", "K"),), globe, times=dates, source="warmed")


class Exact(torch.nn.Module):
    """The step itself, on normalised channels."""

    def __init__(self, s: Surrogate) -> None:
        super().__init__()
        assert s.given_norm is not None
        self.norms, self.out = (s.input_norm, s.given_norm), s.output_norm
        self.none = torch.nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> Tensor:
        given = self.norms[1].inverse(z[:, 1:])
        flux, height = given[:, 1:2], given[:, 2:3]
        return self.out(0.9 * self.norms[0].inverse(z[:, :1]) + 0.01 * flux + height)


@pytest.fixture
def exact() -> Surrogate:
    train = with_computed(warmed(), ["solar", "latlon"])
    spec = models.FNO.spec(modes=2, width=2, depth=1)
    s = Surrogate.of(train, spec, Evolution(1, 1, False))
    s.net = Exact(s)  # type: ignore[assignment]
    return s.double().eval()


def test_a_rollout_needs_no_forcing(exact: Surrogate) -> None:
    made = exact.rollout(warmed().initial(), 5)
    np.testing.assert_allclose(made.t[0], warmed().values[0, 1:, 0], atol=1e-5)
    one = exact.predict(warmed().initial().isel(sample=0, time=0))
    np.testing.assert_allclose(one.t, warmed().values[0, 1, 0], atol=1e-5)


def test_it_goes_on_beyond_the_data_into_another_year_on_another_grid(exact: Surrogate) -> None:
    long = warmed(20, (9, 16))
    with pytest.warns(
        UserWarning, match="'solar' is 0 to 1392"
    ):  # the coarse grid has no point below the sun
        made = exact.rollout(long.initial(), 19)
    np.testing.assert_allclose(made.t[0], long.values[0, 1:, 0], atol=1e-5)
    assert made.time.values[-1] == np.datetime64("2024-01-03T18")


def test_data_are_evaluated_with_and_without_them(exact: Surrogate) -> None:
    for data in (warmed(), with_computed(warmed(), "latlon")):
        assert float(score(exact, data).relative_l2) < 1e-6
        assert float(score(exact, data, leads=[1, 4]).rmse.max()) < 1e-5
        assert float(rollout(exact, data, 5).trajectory_relative_l2) < 1e-6
    # More steps than the data have, as the dates go on.
    made = rollout(exact, warmed(), 12)
    np.testing.assert_allclose(made.prediction[0, :, 0], warmed(13).values[0, 1:, 0], atol=1e-5)


def test_what_the_data_say_of_them_does_not_count(exact: Surrogate) -> None:
    given = warmed().initial()
    given["solar"] = xr.zeros_like(given.t)
    np.testing.assert_array_equal(exact.predict(given).t, exact.predict(warmed().initial()).t)


@pytest.mark.parametrize(
    "undated",
    [
        lambda d: d.drop_vars("time"),
        lambda d: d.assign_coords(time=("time", [0.0], {"units": "s"})),
    ],
)
def test_without_dates(exact: Surrogate, undated: Callable[[xr.Dataset], xr.Dataset]) -> None:
    with raises_input("computed", "solar", "dates"):
        exact.predict(undated(warmed().initial()))
    with raises_input("computed", "solar", "dates"):
        score(exact, replace(warmed(), times=None))


def test_another_season_gives_a_warning() -> None:
    train = with_computed(warmed(), "day_of_year")
    s = Surrogate.of(train, models.FNO.spec(modes=2, width=2, depth=1))
    summer = warmed(start=np.datetime64("2024-07-02T00", "ns"))
    with pytest.warns(UserWarning, match=r"'day_of_year_cos' is -1 to .* trained on 0\.99"):
        s.predict(summer.initial())


def test_the_card_has_name_and_arguments(tmp_path: Path) -> None:
    train = with_computed(warmed(), [{"name": "solar", "arguments": {"hours": 6.0}}, "latlon"])
    s = Surrogate.of(train, models.FNO.spec(modes=2, width=2, depth=1)).eval()
    s.save(tmp_path)
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["format"] == 5
    assert card["conditions"][0]["computed"] == {"name": "solar", "arguments": {"hours": 6.0}}
    again = neurop.load(tmp_path)
    assert again.card == s.card
    expected = s.rollout(warmed().initial(), 3)
    xr.testing.assert_equal(again.rollout(warmed().initial(), 3), expected)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"name": "moon", "arguments": {}}, "computed condition"),
        ({"name": "solar", "arguments": {"hours": "long"}}, "computed condition.hours"),
        ("solar,", "computed condition"),
    ],
)
def test_a_card_that_is_wrong(wrong: Any, key: str, tmp_path: Path) -> None:
    train = with_computed(warmed(), "solar")
    Surrogate.of(train, models.FNO.spec(modes=2, width=2, depth=1)).save(tmp_path)
    card = json.loads((tmp_path / "model.json").read_text())
    card["conditions"][0]["computed"] = wrong
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(neurop.InputError) as error:
        neurop.load(tmp_path)
    assert error.value.key == key
