from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop import Surrogate, models
from neurop.datasets.shallow_water import FIELDS, ShallowWater
from neurop.evaluation.drift import drifts
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.geometry.grid import Grid
from neurop.physics.harmonics import Harmonics
from neurop.physics.solvers.shallow_water import RADIUS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 43, **changes: object) -> ShallowWater:
    return ShallowWater(samples, **{"resolution": 12, "truncation": 11, "steps": 2, **changes})  # type: ignore[arg-type]


def modes(values: np.ndarray, degrees: int) -> torch.Tensor:
    """Return the coefficients l < `degrees` of fields on Gauss latitudes."""
    shape = (values.shape[-2], values.shape[-1])
    sphere = Harmonics(min(shape[0], (shape[1] + 1) // 2) - 1, RADIUS, shape=shape)
    return sphere.coefficients(torch.from_numpy(values).double())[..., :degrees, :degrees]


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small(spin_up=3.0, interval=0.5).splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 3,
        "val": 20,
        "test": 20,
    }
    for split in splits.values():
        assert split.values.shape[1:] == (3, 3, 12, 24)
        assert split.values.dtype == np.float32
        assert split.fields == FIELDS
        assert split.grid == Grid.latlon(gauss=True)
        assert split.times is not None
        assert split.times.values.tolist() == [3.0, 3.5, 4.0]
        assert split.times.unit == "h"
        assert {"truncation", "mach", "seed", "solver_version"} <= set(split.attributes)
    every = np.concatenate([splits[name].values for name in ("test", "val", "train")])[
        :, -1
    ].reshape(43, -1)
    gaps = np.linalg.norm(every[:, None] - every, axis=-1) / np.linalg.norm(every, axis=-1).mean()
    assert gaps[~np.eye(43, dtype=bool)].min() > 0.1


def test_more_samples_and_other_batches_move_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    few = small().splits()
    monkeypatch.setattr(ShallowWater, "batch", lambda self, shape: 3)
    more = small(45).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-5)
    np.testing.assert_allclose(more["train"].values[:3], few["train"].values, atol=1e-5)
    assert not np.allclose(
        small(storage={"seed": 1}).splits()["test"].values[:, 0],
        few["test"].values[:, 0],
        atol=1e-2,
    )


def test_the_same_flow_at_other_resolutions() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((12, 24)).digest() == test.digest()
    for shape in ((9, 18), (24, 48), (20, 30)):
        other = source.at(shape)
        assert other.values.shape == (20, 3, 3, *shape)
        band = min(*shape, 12)
        np.testing.assert_allclose(modes(other.values, band), modes(test.values, band), atol=2e-5)


def test_frames_start_from_the_random_state_and_evolve() -> None:
    first, later = np.moveaxis(small().splits()["test"].values[:, [0, 2]].astype(np.float64), 1, 0)
    weights = Grid.latlon(gauss=True).weights((12, 24))
    std = np.sqrt((first**2 * weights).mean((0, 2, 3)))
    np.testing.assert_allclose(
        std, [1.177, 0.983, 0.983], rtol=0.08
    )  # g 120 m and 0.2 sqrt(g 10 km) / a
    assert np.abs(later - first).mean() > 0.2
    assert np.abs((first * weights).mean((2, 3))).max() < 1e-6


def test_equiangular_grids_have_poles() -> None:
    source = small(grid="equiangular")
    test = source.splits()["test"]
    assert test.grid == Grid.latlon()
    assert np.ptp(test.values[..., 0, :], axis=-1).max() < 1e-4  # one value per pole
    twice = source.at((23, 48)).values[..., ::2, ::2]
    gap = np.abs(twice - test.values).max()
    assert 1e-3 < gap < 3  # the finer grid holds the two largest degrees too
    exact = small(grid="equiangular", truncation=10).at((23, 48)).values[..., ::2, ::2]
    np.testing.assert_allclose(
        exact, small(grid="equiangular", truncation=10).splits()["test"].values, atol=2e-5
    )


def test_the_jet_and_the_mountains() -> None:
    jet = small(flow={"initial": "galewsky"}).splits()["test"].values
    assert np.isfinite(jet).all()
    eastward = jet[:, 0, 0].mean(
        (0, 2)
    )  # low geopotential towards the north, where the jet blows eastward in balance
    assert eastward[0] < eastward[-1] - 2
    gap = np.linalg.norm((jet[1:, 0, 0] - jet[0, 0, 0]).reshape(19, -1), axis=1)
    assert gap.min() > 1e-2
    np.testing.assert_allclose(
        jet[:, 0, 1], np.broadcast_to(jet[0, 0, 1], jet[:, 0, 1].shape), atol=1e-5
    )
    hills, plain = (
        small(flow={"topography": height}).splits()["test"].values for height in (1500.0, None)
    )
    raised = (plain - hills)[:, 0, 0]
    assert raised.max() > 5  # 1e3 m2 s-2: more than 500 m
    np.testing.assert_allclose(raised, np.broadcast_to(raised[0], raised.shape), atol=1e-4)
    assert np.abs(plain - hills)[:, 2, 1:].max() > 0.05


def test_a_forced_flow_begins_with_the_bands_that_force_it() -> None:
    forced = small(flow={"forcing": "bands", "mach": 1e-3}, truncation=21, interval=0.5)
    assert forced.invariants == ("mass",)
    assert {"forcing": "bands"}.items() <= forced.parameters().items()
    assert "forcing" not in small().parameters()
    test = forced.splits()["test"]
    zonal = test.values[:, -1, 1].mean((0, 2))
    latitude = np.deg2rad(test.grid.coordinates((12, 24))["latitude"])
    expected = (
        80
        / RADIUS
        * (
            8 * np.sin(8 * latitude) * np.cos(latitude)
            + 2 * np.cos(8 * latitude) * np.sin(latitude)
        )
        * 1e5
    )
    np.testing.assert_allclose(zonal, expected, atol=0.02 * np.abs(expected).max())


def test_invariants_drift_with_hyperdiffusion_alone() -> None:
    source = small(flow={"mach": 0.05})
    assert source.invariants == ("mass", "energy", "potential_enstrophy")
    assert small(flow={"topography": 100.0}).invariants == ("mass", "potential_enstrophy")
    assert small(grid="equiangular").invariants == ("mass",)
    test = source.splits()["test"]
    found = drifts(source.invariants, test.values[:, 0], test.values[:, 1:], test.fields, test.grid)
    assert {name: drift.shape for name, drift in found.items()} == dict.fromkeys(
        source.invariants, (20, 2)
    )
    assert np.abs(found["mass"]).max() < 1e-9
    assert (found["energy"] < 0).all()
    assert (found["energy"] > -0.3).all()
    assert np.abs(found["potential_enstrophy"]).max() < 1e-3
    twice = drifts(["mass"], test.values[:, 0], test.values[:, 1:] + 1.0, test.fields, test.grid)
    np.testing.assert_allclose(
        twice["mass"] - found["mass"], 1e3 / 98061.6 * np.array([[1, 1]]).repeat(20, 0), rtol=1e-6
    )
    with raises_input("invariants", "enrgy"):
        drifts(["enrgy"], test.values[:, 0], test.values[:, 1:], test.fields, test.grid)
    with raises_input("invariants", "mass"):
        drifts(["mass"], test.values[:, 0, :2], test.values[:, 1:, :2], test.fields[:2], test.grid)
    with raises_input("layout", "ends"):
        drifts(["energy"], test.values[:, 0], test.values[:, 1:], test.fields, Grid.latlon())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 40}, "use 41 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"flow": {"mach": 0.0}}, "mach=0.0: use a finite number above 0"),
        ({"interval": float("nan")}, "above 0"),
        ({"flow": {"topography": -5.0}}, "topography=-5.0: use a finite number above 0"),
        ({"spin_up": -1.0}, "use 0 hours or more"),
        ({"truncation": 4}, "use a degree of 5 to 255"),
        ({"flow": {"initial": "galewski"}}, "did you mean 'galewsky'?"),
        (
            {"truncation": 8, "flow": {"forcing": "bands"}},
            "use 9 or more",
        ),
        ({"flow": {"forcing": "jet"}}, "choose from bands, none"),
        ({"grid": "gauss"}, "choose from equiangular, legendre-gauss"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)


def test_an_overflow_is_reported_not_stored() -> None:
    with raises_input("mach", 1e4):
        small(flow={"mach": 1e4}).solve(range(1), (12, 24))


def test_reading_returns_what_was_generated() -> None:
    first, second = small().splits()["train"], small().splits()["train"]
    assert isinstance(first, FieldSet)
    assert first.digest() == second.digest()


def test_mountains_that_are_drawn_are_a_static_field() -> None:
    few = {"held_out": 4}
    hills = small(9, flow={"topography": 1000.0, "mountains": "drawn"}, storage=few)
    test = hills.splits()["test"]
    (one,) = test.conditions
    assert (one.field.name, one.field.unit, one.role) == ("orography", "m", "static")
    assert one.values.shape == (4, 1, 1, 12, 24)
    height = np.asarray(one.values)[:, 0, 0]
    assert ((height.max((1, 2)) > 400) & (height.max((1, 2)) < 2500)).all()
    gaps = np.linalg.norm((height[:, None] - height).reshape(4, 4, -1), axis=-1)
    assert gaps[~np.eye(4, dtype=bool)].min() > 0.1 * np.linalg.norm(height[0])
    # The surface is level but for the noise of a flow without mountains, and mass is conserved.
    plain = small(9, storage=few).splits()["test"].values[:, 0, 0]
    surface = test.values[:, 0, 0] + 9.80616e-3 * height
    np.testing.assert_allclose(
        surface - surface.mean((1, 2), keepdims=True),
        plain - plain.mean((1, 2), keepdims=True),
        atol=1e-3,
    )
    mass = (test.values[:, :, 0] * test.grid.weights((12, 24))).mean((2, 3))
    assert np.abs(mass).max() < 1e-6
    # Another grid shows the same mountains, and the first sample is that of the same ones for all.
    fine = hills.at((24, 48)).conditions[0].values
    np.testing.assert_allclose(
        modes(np.asarray(fine), 12), modes(height[:, None, None], 12), atol=1e-3
    )
    same = small(9, flow={"topography": 1000.0}, storage=few).splits()["test"]
    np.testing.assert_allclose(same.values[0], test.values[0], atol=1e-5)
    assert same.conditions == ()
    assert np.abs(same.values[1] - test.values[1]).max() > 1


@pytest.mark.parametrize(
    ("flow", "storage"),
    [({"mountains": "drawn"}, {}), ({"mountains": "drawn", "topography": 1e3}, {"mode": "online"})],
)
def test_mountains_have_a_height_and_are_stored(flow: dict, storage: dict) -> None:
    with raises_input("mountains", "drawn"):
        small(flow=flow, storage=storage)


def test_a_network_is_given_the_mountains() -> None:
    flow = {"topography": 1000.0, "mountains": "drawn"}
    train = small(9, flow=flow, storage={"held_out": 4}).splits()["train"]
    s = Surrogate.of(train, models.FNO.spec(modes=3, width=4, depth=1))
    (known,) = s.card.conditions
    assert (known.name, known.role) == ("orography", "static")
    given = Windows(train)[1]["given"]
    np.testing.assert_array_equal(given[0, 0], np.asarray(train.conditions[0].values)[0, 0, 0])
    state = train.initial()
    flat = s.predict(state.assign(orography=0 * state.orography))
    assert np.abs(flat.vorticity - s.predict(state).vorticity).max() > 1e-3
