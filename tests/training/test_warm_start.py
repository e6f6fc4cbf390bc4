"""A training that begins with the weights of an earlier run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, mapping, surrogate

from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.surrogate import Surrogate
from neurop.training.warm_start import load_weights


def test_an_earlier_surrogate_gives_weights_and_normalisation(tmp_path: Path) -> None:
    earlier, other = surrogate(evolution(), 1), evolution((12, 10), seed=5)
    earlier.save(tmp_path)
    s = surrogate(other, 2)
    load_weights(s, tmp_path)
    x = torch.from_numpy(other.values[:, 0]).float()
    assert torch.equal(s(x), earlier(x))
    assert s.card.shape == (12, 10)


@pytest.mark.parametrize("kind", ["ifno", "iufno"])
def test_a_shared_layer_begins_with_the_weights_of_another_depth(kind: str, tmp_path: Path) -> None:
    data = evolution()
    sizes = {"modes": 3, "width": 4}
    shallow, deep = (
        Surrogate.of(data, Spec(kind, sizes | {"depth": depth})).eval() for depth in (2, 4)
    )
    shallow.save(tmp_path)
    load_weights(deep, tmp_path)
    states = (deep.state_dict(), shallow.state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[1])
    assert deep.card.model.arguments["depth"] == 4
    x = torch.from_numpy(data.values[:, 0]).float()
    y = shallow(x)
    # The same differential equation with steps of half the size: near, and not the same.
    assert 0 < (deep(x) - y).norm() < 0.5 * y.norm()


def test_an_earlier_surrogate_of_another_kind_is_refused(tmp_path: Path) -> None:
    surrogate(evolution()).save(tmp_path)
    for new, message in (
        (
            surrogate(evolution(), problem=Evolution(increments=False)),
            "increments is True.* False",
        ),
        (surrogate(evolution(channels=1)), r"input is \['u', 'p'\].*\['u'\]"),
        (surrogate(mapping()), r"input is \['u', 'p'\].*\['a'\]"),
        (
            surrogate(evolution(), problem=Evolution(2)),
            r"net.lift.weight .*\(6, 6\).*\(6, 8\)",
        ),
    ):
        with raises_input("init", str(tmp_path), message):
            load_weights(new, tmp_path)


def with_units(*units: str) -> FieldSet:
    data = evolution()
    return replace(data, fields=tuple(replace(f, unit=u) for f, u in zip(data.fields, units)))


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (("m s-1", "Pa"), ("km h-1", "Pa")),
        (("m s-1", "Pa"), ("m s-1", "hPa")),
        (("m s-1", ""), ("km h-1", "")),
        (("m s-1", "1"), ("km h-1", "Pa")),
    ],
)
def test_other_units_are_refused(
    there: tuple[str, str], here: tuple[str, str], tmp_path: Path
) -> None:
    surrogate(with_units(*there)).save(tmp_path)
    with raises_input("init", str(tmp_path), "its input is .*, the new one is "):
        load_weights(surrogate(with_units(*here)), tmp_path)


@pytest.mark.parametrize("here", [("", ""), ("1", "Pa"), ("m/s", "Pa"), ("m s**-1", "")])
def test_units_that_are_unknown_or_spelled_otherwise_pass(
    here: tuple[str, str], tmp_path: Path
) -> None:
    earlier = surrogate(with_units("m s-1", "Pa"), 1)
    earlier.save(tmp_path)
    s = surrogate(with_units(*here), 2)
    load_weights(s, tmp_path)
    assert torch.equal(s.net.lift.weight, earlier.net.lift.weight)


def given(*names: str, role: str = "parameter") -> FieldSet:
    data = evolution()
    shape = (1, 1, 1, 9, 8) if role == "static" else (3, 1, 1, 1, 1)
    numbers = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    return replace(data, conditions=tuple(Condition(Field(n), role, numbers) for n in names))


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (given("drag"), "'parameter viscosity'.*'parameter drag'"),
        (given("viscosity", role="static"), "'parameter viscosity'.*'static viscosity'"),
        (given(), r"'parameter viscosity'.*\[\]"),
    ],
)
def test_other_conditions_are_refused(new: FieldSet, message: str, tmp_path: Path) -> None:
    surrogate(given("viscosity")).save(tmp_path)
    with raises_input("init", str(tmp_path), rf"its conditions is.*{message}"):
        load_weights(surrogate(new), tmp_path)
