"""A surrogate that takes parameters, static fields and forcings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor

import neurop
from neurop import Field, FieldSet, Grid, Surrogate, Times, models
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.fields.condition import Condition
from neurop.inference.conditions import conditions_of
from neurop.problems import Evolution

X = np.arange(16) / 16
RNG = np.random.default_rng(0)
DECAY, HEAT = RNG.uniform(0.5, 2.0, 6), RNG.normal(size=(6, 5))


def heated() -> FieldSet:
    """U' = exp(-decay) u + heat sin(2 pi x), the heat that of the given frame."""
    shape = np.sin(2 * np.pi * X)
    u = np.zeros((6, 5, 1, 16))
    u[:, 0, 0] = np.cos(2 * np.pi * (X + RNG.uniform(size=(6, 1))))
    for t in range(1, 5):
        u[:, t, 0] = np.exp(-DECAY)[:, None] * u[:, t - 1, 0] + HEAT[:, t - 1, None] * shape
    conditions = (
        Condition(Field("decay", "s-1"), "parameter", DECAY.reshape(6, 1, 1, 1)),
        Condition(Field("heat", "K"), "forcing", HEAT.reshape(6, 5, 1, 1)),
        Condition(Field("shape"), "static", shape.reshape(1, 1, 1, 16)),
    )
    times = Times(np.arange(5.0), "s")
    fields, grid = (Field("u", "K"),), Grid.periodic(1)
    return FieldSet(u, fields, grid, times=times, conditions=conditions, source="heated")


class Exact(torch.nn.Module):
    """The step itself, on normalised channels: u, decay, heat, heat after the step, shape."""

    def __init__(self, s: Surrogate) -> None:
        super().__init__()
        assert s.given_norm is not None
        self.norms, self.out = (s.input_norm, s.given_norm), s.output_norm
        self.none = torch.nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> Tensor:
        u = self.norms[0].inverse(z[:, :1])
        decay, heat, _, shape = self.norms[1].inverse(z[:, 1:]).split(1, dim=1)
        return self.out((-decay).exp() * u + heat * shape)


@pytest.fixture
def exact() -> Surrogate:
    s = Surrogate.of(heated(), models.FNO.spec(modes=2, width=2, depth=1), Evolution(1, 1, False))
    s.net = Exact(s)  # type: ignore[assignment]
    return s.double().eval()


def test_the_exact_step_has_no_error_however_it_is_asked(exact: Surrogate) -> None:
    data = heated()
    assert float(score(exact, data).relative_l2) < 1e-6
    assert float(score(exact, data, leads=[1, 4]).rmse.max()) < 1e-6
    assert float(rollout(exact, data, 4).trajectory_relative_l2) < 1e-6
    made = exact.rollout(data.initial(), 4, forcing=data.to_xarray()[["heat"]])
    np.testing.assert_allclose(made.u, data.values[:, 1:, 0], atol=1e-6)
    later = data.frames(slice(2, None))
    made = exact.predict(later.initial(), forcing=data.to_xarray()[["heat"]])
    np.testing.assert_allclose(made.u[:, 0], data.values[:, 3, 0], atol=1e-6)


def test_another_parameter_is_another_prediction(exact: Surrogate) -> None:
    data = heated()
    given = data.initial()
    same = exact.predict(given, forcing=data.to_xarray()[["heat"]])
    one = exact.predict(given.assign(decay=given.decay[0]), forcing=data.to_xarray()[["heat"]])
    np.testing.assert_array_equal(one.u[0], same.u[0])
    assert float(abs(one.u[1] - same.u[1]).max()) > 1e-2


def test_order_and_further_conditions_of_the_data_do_not_matter(exact: Surrogate) -> None:
    data = heated()
    more = Condition(Field("noise"), "parameter", np.arange(6.0).reshape(6, 1, 1, 1))
    turned = replace(data, conditions=(more, *data.conditions[::-1]))
    assert float(score(exact, turned).relative_l2) < 1e-6


def test_a_number_that_the_data_name_is_a_parameter(exact: Surrogate) -> None:
    data = heated().samples(slice(1))
    known = data.conditions[0].values.item()
    plain = replace(data, conditions=data.conditions[1:], attributes={"decay": float(known)})
    assert float(score(exact, plain).relative_l2) < 1e-6


def test_a_saved_surrogate_takes_and_predicts_the_same(tmp_path: Path) -> None:
    s = Surrogate.of(heated(), models.FNO.spec(modes=3, width=4, depth=1)).eval()
    s.save(tmp_path)
    again = neurop.load(tmp_path)
    assert again.card == s.card
    known = again.card.conditions[0]
    assert (known.low, known.high) == (DECAY.min(), DECAY.max())
    x, given = torch.randn(2, 1, 16), torch.randn(2, 4, 16)
    with torch.no_grad():
        assert torch.equal(again(x, given=given), s(x, given=given))
        assert not torch.equal(s(x, given=given), s(x, given=given + 1))


def test_it_is_trained_with_them() -> None:
    new = Surrogate.of(heated(), models.FNO.spec(modes=3, width=4, depth=1))
    s = neurop.fit(new, heated(), epochs=1, batch_size=4)
    assert [one.name for one in s.card.conditions] == ["decay", "heat", "shape"]
    norm = s.given_norm
    assert norm is not None
    assert len(norm.std) == 4


@pytest.mark.parametrize(
    ("ask", "key", "value"),
    [
        (lambda s, d, f: s.rollout(d, 5, forcing=f), "steps", 5),
        (lambda s, d, f: s.rollout(d, 2), "heat", None),
        (lambda s, d, f: s.predict(d.drop_vars("decay"), forcing=f), "decay", None),
        (lambda s, d, f: s.predict(d, f.assign_coords(time=f.time + 9.0)), "forcing", "0.0"),
        (lambda s, d, f: s(torch.zeros(1, 1, 16).double()), "given", None),
        (
            lambda s, d, f: s(torch.zeros(1, 1, 16).double(), given=torch.zeros(1, 3, 16)),
            "given",
            (1, 3, 16),
        ),
    ],
)
def test_what_is_missing_is_named(
    exact: Surrogate, ask: Callable[..., Any], key: str, value: Any
) -> None:
    data = heated()
    with raises_input(key, value):
        ask(exact, data.initial(), data.to_xarray()[["heat"]])


def test_a_forcing_is_taken_at_the_steps(exact: Surrogate) -> None:
    data = heated()
    forcing = data.to_xarray()[["heat"]]
    # Twice as often as the steps: every second time is one.
    finer = forcing.interp(time=np.arange(0.0, 4.1, 0.5))
    made = exact.rollout(data.initial(), 4, forcing=finer)
    np.testing.assert_allclose(made.u, data.values[:, 1:, 0], atol=1e-6)
    with raises_input("forcing", "1.0"):
        exact.rollout(data.initial(), 4, forcing=forcing.isel(time=[0, 2, 4]))


def test_a_static_field_on_another_grid_is_refused(exact: Surrogate) -> None:
    data = heated()
    other = data.initial().drop_vars(["shape", "u"]).drop_vars("x")
    other["shape"] = ("x", np.ones(12))
    with raises_input("shape", (12,)):
        conditions_of(exact.card, other, data.to_xarray()[["heat"]], None, data)


def test_another_unit_is_converted_and_another_quantity_refused(exact: Surrogate) -> None:
    data, forcing = heated(), heated().to_xarray()[["heat"]]
    other = data.initial()
    other["decay"] = (3600 * other.decay).assign_attrs(units="h-1")
    made, expected = (exact.predict(one, forcing=forcing) for one in (other, data.initial()))
    np.testing.assert_allclose(made.u, expected.u, rtol=1e-6)
    other.decay.attrs["units"] = "m-1"
    with raises_input("unit", "m-1", "decay"):
        exact.predict(other, forcing=forcing)


def test_values_outside_the_training_give_a_warning(exact: Surrogate) -> None:
    data = heated()
    far = data.initial()
    far["decay"] = (far.decay * 3).assign_attrs(far.decay.attrs)
    message = r"'decay' is 1\.\d+ to 5\.\d+ .* trained on 0\.\d+ to 1\.\d+"
    with pytest.warns(UserWarning, match=message):
        exact.predict(far, data.to_xarray()[["heat"]])


def test_a_surrogate_without_conditions_takes_none() -> None:
    s = Surrogate.of(replace(heated(), conditions=()), models.FNO.spec(modes=2, width=2, depth=1))
    with raises_input("given", (1, 1, 16)):
        s(torch.zeros(1, 1, 16), given=torch.zeros(1, 1, 16))


@pytest.mark.parametrize("history", [1, 2])
def test_a_parameter_modulates_the_network(history: int, tmp_path: Path) -> None:
    spec = models.FNO.spec(modes=2, width=4, depth=2, conditioning="film")
    torch.manual_seed(0)
    s = Surrogate.of(heated(), spec, Evolution(history, 1, False)).eval()
    # Of the input u (each frame), decay, heat (now and next) and shape, decay is the parameter.
    assert s.card.number_channels == s.net.conditioning.channels == (history,)
    s.save(tmp_path)
    again, data = neurop.load(tmp_path), heated()
    first = {"forcing": data.to_xarray()[["heat"]]}
    given = data.initial(history)
    made = s.rollout(given, 2, **first)
    np.testing.assert_array_equal(again.rollout(given, 2, **first).u, made.u)
    s.net.lift.weight.data[:, history] = 0
    other = given.assign(decay=given.decay.copy(data=given.decay.values[::-1]))
    assert not np.allclose(s.predict(given, **first).u, s.predict(other, **first).u, rtol=1e-6)


def test_without_a_parameter_there_is_nothing_to_modulate_by() -> None:
    data = replace(heated(), conditions=heated().conditions[1:])
    made = [
        Surrogate.of(data, models.FNO.spec(modes=2, width=2, conditioning=kind)).parameters_count()
        for kind in ("film", "channels")
    ]
    assert made[0] == made[1]
