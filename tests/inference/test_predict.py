"""Labelled predictions: in batches, in any mode, and what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input
from small import evolution, surrogate
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.inference.conditions import lead_time_of
from neurop.inference.evaluating import evaluating
from neurop.inference.predict import predict
from neurop.inference.start import start_of
from neurop.problems import Evolution, LeadTimes
from neurop.surrogate import Surrogate


class Recorder(Surrogate):
    """Writes down how many samples each call has, and its mode."""

    calls: list[tuple[int, bool, bool]]

    def forward(self, x: Tensor, grid: Any = None, given: Any = None) -> Tensor:
        self.calls.append((len(x), self.training, torch.is_grad_enabled()))
        return super().forward(x, grid)


def recorder(**how: Any) -> Recorder:
    s = surrogate(evolution(), **how)
    s.__class__, s.calls = Recorder, []
    return s


def test_batches_give_the_same_as_one_batch() -> None:
    data, s = evolution(samples=5, seed=2).to_xarray(), recorder(problem=Evolution(2))
    whole = predict(s, data, 3, batch_size=5)
    assert s.calls == [(5, False, False)] * 3
    s.calls = []
    parts = predict(s, data, 3, batch_size=2)
    assert [size for size, *_ in s.calls] == [2, 2, 2, 2, 2, 2, 1, 1, 1]
    xr.testing.assert_allclose(parts, whole, rtol=1e-6)
    assert whole.u.sizes["sample"] == 5


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored_after_an_error_too(training: bool) -> None:
    s = surrogate(evolution()).train(training)
    s.predict(evolution().to_xarray())
    assert s.training is training

    def fail(x: Tensor) -> Tensor:
        assert not s.training
        raise RuntimeError("out of memory")

    s.net.forward = fail
    with pytest.raises(RuntimeError, match="out of memory"):
        s.predict(evolution().to_xarray())
    assert s.training is training
    assert torch.is_grad_enabled()


def test_gradients_are_off_within_the_block_alone() -> None:
    s = surrogate(evolution()).train()
    with evaluating(s):
        assert not s.training
        assert not torch.is_grad_enabled()
    assert s.training
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        (lambda data: data.u, "DataArray"),
        (lambda data: data.to_array(), "DataArray"),
        (lambda data: data.u.values, "ndarray"),
        (lambda data: torch.zeros(1, 2, 9, 8), "Tensor"),
        (lambda data: {"u": data.u, "p": data.p}, "dict"),
    ],
)
@pytest.mark.parametrize("verb", ["predict", "rollout"])
def test_what_is_no_dataset_is_refused(
    turn: Callable[[xr.Dataset], Any], name: str, verb: str
) -> None:
    s, given = surrogate(evolution()), turn(evolution().to_xarray())
    with raises_input("data", name):
        s.predict(given) if verb == "predict" else s.rollout(given, 2)


def test_a_batch_has_one_sample_or_more() -> None:
    with pytest.raises(InputError) as error:
        predict(surrogate(evolution()), evolution().to_xarray(), 1, batch_size=0)
    assert (error.value.key, error.value.value) == ("batch_size", 0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64])
def test_a_tensor_of_another_precision_is_refused_in_one_line(dtype: torch.dtype) -> None:
    s, x = surrogate(evolution()), torch.zeros(1, 2, 9, 8).to(dtype)
    for call in (s, lambda x: s.trajectory(x[:, None], 2), lambda x: s.at(x, torch.zeros(1, 2))):
        with raises_input("x", dtype, "torch.float32"):
            call(x)


def test_labelled_fields_of_any_precision_are_taken() -> None:
    s, data = surrogate(evolution()), evolution().to_xarray()
    xr.testing.assert_allclose(
        s.predict(data.astype(np.float64)), s.predict(data.astype(np.float32)), rtol=1e-5
    )
    assert s.double().predict(data).u.dtype == np.float64


def test_one_field_may_come_without_a_dataset() -> None:
    data = evolution(channels=1, samples=2)
    s, labelled = surrogate(data), data.to_xarray()
    expected = s.predict(labelled)
    xr.testing.assert_equal(s.predict(labelled.u), expected)
    np.testing.assert_array_equal(s.predict(labelled.u.rename(None)).u, expected.u)
    array = data.values.astype(np.float32)
    np.testing.assert_array_equal(s.predict(array).u, expected.u)
    np.testing.assert_allclose(s.predict(array[1, -1, 0]).u, expected.u[1, 0], rtol=1e-6)
    with raises_input("data", "DataArray", "rename"):
        s.predict(labelled.u.rename("v"))
    for wrong in (array[:, 0], array[0]):
        with raises_input("data", "ndarray", "sample, time, 1, x, y"):
            s.predict(wrong)


def test_several_fields_may_come_as_one_array() -> None:
    data = evolution()
    s = surrogate(data, problem=Evolution(2))
    made, expected = s.predict(data.values), s.predict(data.to_xarray())
    np.testing.assert_array_equal(made.p, expected.p)


def test_another_spelling_gives_the_same_prediction_in_that_spelling() -> None:
    globe = evolution((5, 8), grid=Grid.latlon(), samples=1)
    s, given = surrogate(globe), globe.to_xarray().isel(sample=0)
    expected = s.rollout(given, 2)
    other = given.rename(latitude="lat", longitude="lon", time="valid_time")
    other = other.isel(lat=slice(None, None, -1))
    other = other.assign_coords(lon=(other.lon + 180) % 360 - 180).sortby("lon")
    other["u"] = (3.6 * other.u).assign_attrs(units="km/h", standard_name="eastward_wind")
    made = s.rollout(other, 2)
    assert made.u.dims == ("valid_time", "lat", "lon")
    np.testing.assert_array_equal(made.lon, other.lon)
    assert (made.u.units, made.u.standard_name) == ("m s-1", "eastward_wind")
    back = made.isel(lat=slice(None, None, -1)).assign_coords(lon=made.lon % 360).sortby("lon")
    np.testing.assert_allclose(back.u, expected.u, rtol=1e-4)
    np.testing.assert_allclose(back.p, expected.p, rtol=1e-4)


def heated(**more: Any) -> FieldSet:
    """Return an evolution with a forcing of its own in each cell and frame."""
    heat = np.random.default_rng(0).normal(size=(1, 6, 1, 9, 8))
    return evolution(conditions=(Condition(Field("heat", "K"), "forcing", heat),), **more)


def test_a_forcing_on_other_points_is_refused() -> None:
    data = heated()
    s, forcing = surrogate(data), data.to_xarray()[["heat"]]
    s.predict(data.initial(), forcing=forcing)
    with raises_input("axes", "x", "the surrogate needs"):
        s.predict(data.initial(), forcing=forcing.assign_coords(x=forcing.x + 0.5 / 9))


@pytest.mark.parametrize(
    "lead", [((), 2.0, {"units": "h"}), ((), 120.0, {"units": "min"}), np.timedelta64(2, "h")]
)
def test_a_lead_time_in_another_unit_is_converted(lead: Any) -> None:
    data = evolution(times=Times(3600.0 * np.arange(6), "s"))
    s = surrogate(data, problem=LeadTimes(leads=(1, 2)))
    given = data.initial().assign(lead_time=lead)
    assert lead_time_of(s.card, given) == 7200.0
    made = s.rollout(given, 2)
    np.testing.assert_array_equal(made.time, [7200.0, 14400.0])
    expected = s.rollout(data.initial().assign(lead_time=((), 7200.0, {"units": "s"})), 2)
    xr.testing.assert_allclose(made, expected)


@pytest.mark.parametrize(("month", "steps"), [(0, 23), (1, 22), (22, 1), (23, 0)])
def test_a_monthly_forcing_is_known_to_its_end(month: int, steps: int) -> None:
    s = surrogate(heated(times=Times(np.arange(6.0), "months")))
    dates = np.arange("2023-01", "2025-01", dtype="M8[M]").astype("M8[ns]")
    heat = np.arange(24.0)[:, None, None] + np.zeros((9, 8))
    forcing = xr.Dataset({"heat": (("time", "x", "y"), heat)}, {"time": dates})
    given = evolution().initial().assign_coords(time=dates[[month]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (known,) = start_of(s, given, forcing, steps).conditions
    assert np.asarray(known.values)[0, :, 0, 0, 0].tolist() == list(range(month, 24))
    assert known.values.shape[1] == steps + 1
