"""Initial fields and their evolution at Chebyshev times: values, times, grids, storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import mapping

from neurop.datasets import ChebyshevTimes, ReactionDiffusion
from neurop.datasets.chebyshev_times import interpolation
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.objectives.predicted_fields import frames_given
from neurop.source import Source
from neurop.surrogate import Surrogate


class Cubics(Source):
    """u(x, t) = c(x) t^3 + 1, from t = 2 on, two fields, of which the second is twice the first."""

    name = "cubics"

    def __init__(self, frames: int = 6, **more: Any) -> None:
        self.frames, self.more = frames, more

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        t = 2 + np.linspace(0, 3, self.frames)
        c = np.cos(2 * np.pi * np.arange(shape[0]) / shape[0]) * np.arange(1, 4)[:, None]
        u = c[:, None] * t[:, None] ** 3 + 1
        fields = Field("u", "m"), Field("p", "Pa")
        values = np.stack([u, 2 * u], axis=2)
        return FieldSet(values, fields, Grid.periodic(1), times=Times(t, "s"), **self.more)

    def splits(self) -> dict[str, FieldSet]:
        return dict.fromkeys(("train", "val", "test"), self.at((8,)))


@pytest.mark.parametrize("frames", [4, 6, 20])
def test_polynomials_are_interpolated_exactly(frames: int) -> None:
    test = ChebyshevTimes(Cubics(frames), times=7).splits()["test"]
    t = 2 + 3 * (1 - np.cos(np.pi * np.arange(7) / 6)) / 2
    np.testing.assert_allclose(test.grid.axes[-1].coordinates(7), t)
    c = np.cos(2 * np.pi * np.arange(8) / 8) * np.arange(1, 4)[:, None]
    u = c[..., None] * t**3 + 1
    targets = np.asarray(test.targets)
    assert targets.shape == (3, 1, 2, 8, 7)
    np.testing.assert_allclose(targets[:, 0, 0], u, atol=1e-11)
    np.testing.assert_allclose(targets[:, 0, 1], 2 * u, atol=1e-11)
    values = np.asarray(test.values)
    np.testing.assert_array_equal(values[:, 0, 0], np.repeat(8 * c[..., None] + 1, 7, -1))
    assert [f.name for f in test.fields] == ["u_0", "p_0"]
    assert [(f.name, f.unit) for f in test.outputs] == [("u", "m"), ("p", "Pa")]


def test_the_interpolation_has_order_9() -> None:
    at, errors = np.linspace(0, 1, 50), []
    for steps in (16, 32):
        found = interpolation(at * steps, steps + 1) @ np.exp(3 * np.linspace(0, 1, steps + 1))
        errors.append(np.abs(found - np.exp(3 * at)).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(9, abs=1)
    np.testing.assert_allclose(interpolation(np.arange(20.0), 20), np.eye(20), atol=1e-14)


def test_another_number_of_times_is_the_same_function() -> None:
    data = ChebyshevTimes(Cubics(), times=7)
    other = data.at((16, 13))
    assert other.shape == (16, 13)
    coarse, fine = (np.asarray(one.targets) for one in (data.splits()["test"], other))
    np.testing.assert_allclose(fine[..., ::2, ::2], coarse, atol=1e-11)
    with raises_input("shape", (16, 1)):
        data.at((16, 1))


def test_parameters_have_an_axis_for_the_time() -> None:
    source = Cubics()
    numbers = Condition(Field("rate"), "parameter", np.arange(3.0).reshape(3, 1, 1, 1))
    source.more = {"conditions": (numbers,)}
    found = ChebyshevTimes(source, times=5).splits()["test"].conditions[0]
    assert np.asarray(found.values).shape == (3, 1, 1, 1, 1)


def test_the_reaction_and_its_equation(tmp_path: Path) -> None:
    source = ReactionDiffusion(
        samples=7, resolution=32, steps=64, storage={"held_out": 2, "folder": str(tmp_path)}
    )
    data = ChebyshevTimes(source, times=9)
    assert data.equation is source.equation is not None
    assert data.outline()["train"].shape == (32, 9)  # type: ignore[index]
    test = data.splits()["test"]
    truth = source.splits()["test"].values
    targets, values = np.asarray(test.targets), np.asarray(test.values)
    np.testing.assert_allclose(targets[:, 0, 0, :, 0], truth[:, 0, 0], atol=1e-6)
    np.testing.assert_allclose(targets[:, 0, 0, :, 4], truth[:, 32, 0], atol=1e-6)  # t = 1/2
    np.testing.assert_array_equal(values[..., 0], values[..., 8])
    assert frames_given(Surrogate.of(test, "fno").card) == 1
    assert torch.as_tensor(values).shape == (2, 1, 1, 32, 9)


def test_fields_on_disk_stay_there() -> None:
    whole = Cubics().at((8,))
    lazy = Lazy(lambda s, t: whole.values[s, t], whole.values.shape, (1, 1), "cubics")

    class OnDisk(Cubics):
        def splits(self) -> dict[str, FieldSet]:
            return {"test": FieldSet(lazy, whole.fields, whole.grid, times=whole.times)}

    found = ChebyshevTimes(OnDisk(), times=7).splits()["test"]
    plain = ChebyshevTimes(Cubics(), times=7).splits()["test"]
    assert isinstance(found.targets, Lazy)
    np.testing.assert_allclose(found.targets[1:3, :], np.asarray(plain.targets)[1:3], rtol=1e-6)
    np.testing.assert_allclose(found.values[1:3, :], np.asarray(plain.values)[1:3], rtol=1e-6)  # type: ignore[index]


def test_what_has_no_evolution_is_refused() -> None:
    class Pairs(Cubics):
        def splits(self) -> dict[str, FieldSet]:
            return {"test": mapping()}

    with raises_input("times", 1):
        ChebyshevTimes(Cubics(), times=1)
    with raises_input("source", "pairs"):
        ChebyshevTimes(Pairs()).splits()
