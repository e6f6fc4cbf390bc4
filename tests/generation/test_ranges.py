"""Parameters that are drawn for each sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raising import raises_input

from neurop.datasets import Burgers, Darcy, NavierStokes, SpaceTime
from neurop.generation.ranges import log_uniform


def burgers(folder: Path, **settings: Any) -> Burgers:
    storage = {"folder": str(folder), "held_out": 2, "seed": 3}
    return Burgers(samples=6, resolution=64, steps=2, storage=storage, **settings)


def test_the_logarithm_is_uniform_and_each_sample_is_its_own() -> None:
    drawn = log_uniform((1e-4, 1e-2), "viscosity", range(4000), seed=0)
    share = np.log10(drawn / 1e-4) / 2
    assert 0 <= share.min() < share.max() < 1
    counts, _ = np.histogram(share, bins=10, range=(0, 1))
    assert abs(counts - 400).max() < 5 * np.sqrt(400)
    np.testing.assert_array_equal(
        drawn[10:20], log_uniform((1e-4, 1e-2), "viscosity", range(10, 20), seed=0)
    )
    for other in (
        log_uniform((1e-4, 1e-2), "amplitude", range(4000), seed=0),
        log_uniform((1e-4, 1e-2), "viscosity", range(4000), seed=1),
    ):
        assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.1


def test_each_sample_is_that_of_its_viscosity(tmp_path: Path) -> None:
    data = burgers(tmp_path / "range", viscosity=[0.01, 0.1]).splits()
    values = np.concatenate([data[k].conditions[0].values for k in ("test", "val", "train")])
    drawn = log_uniform((0.01, 0.1), "viscosity", range(6), seed=3)
    np.testing.assert_allclose(values.ravel(), drawn, rtol=1e-6)
    one = burgers(tmp_path / "one", viscosity=float(drawn[1])).splits()["test"]
    np.testing.assert_array_equal(data["test"].values[1], one.values[1])
    assert one.conditions == ()
    assert one.attributes["viscosity"] == drawn[1]


def test_a_finer_grid_has_the_same_parameters(tmp_path: Path) -> None:
    source = burgers(tmp_path, viscosity=[0.05, 0.1])
    fine, coarse = source.at((128,)), source.test()
    np.testing.assert_array_equal(fine.conditions[0].values, coarse.conditions[0].values)
    assert fine.shape == (128,)


def test_what_is_decided_once_holds_for_the_smallest() -> None:
    wide, least = NavierStokes(viscosity=[1e-4, 1e-3]), NavierStokes(viscosity=1e-4)
    assert wide.resolved_band() == least.resolved_band()
    assert NavierStokes(viscosity=1e-3).resolved_band() == (32, 32)
    assert wide.recipe((64, 64), 4).file != least.recipe((64, 64), 4).file


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ([1e-2, 1e-3], [1e-2, 1e-3]),
        ([1e-3], None),
        ([1e-3, 2e-3, 3e-3], [1e-3, 2e-3, 3e-3]),
        ([0.0, 1.0], 0.0),
        (-1.0, -1.0),
        ([1e-3, float("inf")], float("inf")),
    ],
)
def test_bounds(value: Any, named: Any) -> None:
    if named is None:
        assert NavierStokes(viscosity=value).viscosity == 1e-3
        return
    with raises_input("viscosity", named):
        NavierStokes(viscosity=value)


def test_a_range_is_for_stored_samples() -> None:
    with raises_input("viscosity", [1e-3, 1e-2]):
        NavierStokes(viscosity=[1e-3, 1e-2], storage={"mode": "online"})


def test_a_map_over_space_and_time_has_the_parameter(tmp_path: Path) -> None:
    data = SpaceTime(burgers(tmp_path, viscosity=[0.05, 0.1]), 1).splits()["train"]
    (one,) = data.conditions
    assert (one.role, one.values.shape) == ("parameter", (2, 1, 1, 1, 1))
    drawn = log_uniform((0.05, 0.1), "viscosity", range(4, 6), seed=3)
    np.testing.assert_allclose(one.values.ravel(), drawn, rtol=1e-6)


def flow(folder: Path, strength: Any) -> NavierStokes:
    return NavierStokes(
        samples=6,
        resolution=16,
        viscosity=1e-2,
        steps=2,
        forcing={"strength": strength},
        storage={"folder": str(folder), "held_out": 2, "seed": 3},
    )


def test_the_strength_of_a_forcing_is_drawn(tmp_path: Path) -> None:
    data = flow(tmp_path / "range", [0.1, 0.4]).splits()
    (one,) = data["val"].conditions
    drawn = log_uniform((0.1, 0.4), "strength", range(6), seed=3)
    assert (one.field.name, one.role) == ("strength", "parameter")
    np.testing.assert_allclose(one.values.ravel(), drawn[2:4], rtol=1e-6)
    alone = flow(tmp_path / "one", float(drawn[3])).splits()["val"]
    np.testing.assert_array_equal(data["val"].values[1], alone.values[1])


def test_a_set_is_resolved_for_its_strongest_flow() -> None:
    force, start = {"strength": [0.01, 1.0]}, [0.01, 10.0]
    strong = NavierStokes(resolution=256, forcing={"strength": 1.0}).resolved_band()
    assert NavierStokes(resolution=256, forcing=force).resolved_band() == strong
    assert strong != NavierStokes(resolution=256).resolved_band()
    rough = NavierStokes(resolution=256, amplitude=10.0).resolved_band()
    assert NavierStokes(resolution=256, amplitude=start).resolved_band() == rough


def darcy(folder: Path, **coefficient: Any) -> Darcy:
    storage = {"folder": str(folder), "held_out": 2, "seed": 3}
    return Darcy(samples=6, resolution=9, solver=33, coefficient=coefficient, storage=storage)


def test_the_contrast_of_a_medium_is_drawn(tmp_path: Path) -> None:
    data = darcy(tmp_path, low=2.0, high=[4.0, 64.0]).splits()
    drawn = log_uniform((4.0, 64.0), "high", range(6), seed=3)
    for name, numbers in (("test", [0, 1]), ("val", [2, 3]), ("train", [4, 5])):
        a = data[name].values[:, 0, 0]
        np.testing.assert_allclose(a.max((1, 2)), drawn[numbers], rtol=1e-6)
        assert (a.min((1, 2)) == 2.0).all()
        (one,) = data[name].conditions
        np.testing.assert_allclose(one.values.ravel(), drawn[numbers], rtol=1e-6)
    # Twice the permeability is half the pressure.
    part = darcy(tmp_path / "one", low=4.0, high=2 * float(drawn[1])).splits()["test"]
    assert data["test"].targets is not None
    assert part.targets is not None
    np.testing.assert_allclose(2 * part.targets[1], data["test"].targets[1], rtol=1e-4)


def test_shards_draw_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = darcy(tmp_path / "whole", kind="lognormal", sigma=[0.5, 2.0]).splits()["train"]
    monkeypatch.setattr(Darcy, "batch", lambda self, shape: 2)
    parts = darcy(tmp_path / "parts", kind="lognormal", sigma=[0.5, 2.0])
    assert [parts.generate(shard=(i, 2)) for i in (1, 0)] == [2, 4]
    again = parts.splits()["train"]
    np.testing.assert_array_equal(again.values, whole.values)
    np.testing.assert_array_equal(again.conditions[0].values, whole.conditions[0].values)
    assert again.conditions[0].field.name == "sigma"


@pytest.mark.parametrize(
    ("make", "key", "value"),
    [
        (lambda: Darcy(coefficient={"sigma": [0.5, 1.0]}), "sigma", [0.5, 1.0]),
        (lambda: Darcy(coefficient={"kind": "lognormal", "high": [4, 8]}), "high", [4.0, 8.0]),
        (lambda: Darcy(coefficient={"high": [8.0, 4.0]}), "high", [8.0, 4.0]),
        (
            lambda: NavierStokes(forcing={"kind": "none", "strength": [1.0, 2.0]}),
            "strength",
            [1.0, 2.0],
        ),
    ],
)
def test_a_range_without_effect_is_refused(make: Any, key: str, value: Any) -> None:
    with raises_input(key, value):
        make()
