import math
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.dam_break import DamBreak
from neurop.fields.field import Field
from neurop.physics.solvers.shallow_water_volumes import advance_water


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 7, resolution: int = 16, **changes: object) -> DamBreak:
    given = {"steps": 3, "interval": 0.1, "solver": 64, "storage": {"held_out": 3}} | changes
    return DamBreak(samples, resolution, **given)  # type: ignore[arg-type]


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {"train": 1, "val": 3, "test": 3}
    for split in splits.values():
        assert split.values.shape[1:] == (4, 1, 16, 16)
        assert split.values.dtype == np.float32
        assert split.fields == (Field("height", "1", "height of the water"),)
        assert [axis.boundary for axis in split.grid.axes] == ["open"] * 2
        x = split.grid.coordinates((5, 16))["x"]
        np.testing.assert_allclose(x, [-2.0, -1.0, 0.0, 1.0, 2.0], atol=1e-15)
        assert split.times is not None
        np.testing.assert_allclose(split.times.values, [0.0, 0.1, 0.2, 0.3])
        assert list(split.attributes["radius"]) == [0.3, 0.7]


def test_radii_are_uniform_and_those_of_the_numbers() -> None:
    radii = DamBreak(radius=(0.4, 0.6)).radii(range(2000))
    assert 0.4 < radii.min() < 0.4005
    assert 0.5995 < radii.max() < 0.6
    counts, _ = np.histogram(radii, 10, (0.4, 0.6))
    assert np.abs(counts - 200).max() < 60
    np.testing.assert_array_equal(DamBreak(radius=(0.4, 0.6)).radii(range(7, 9)), radii[7:9])
    other = DamBreak(radius=(0.4, 0.6), storage={"seed": 1}).radii(range(3))
    assert np.abs(other - radii[:3]).min() > 1e-4


def test_the_start_has_the_exact_share_of_the_circle_in_each_cell() -> None:
    source = small(inner=3.0, outer=0.5, solver=40, resolution=8)
    heights = source.start(range(5))[:, 0].numpy()
    spacing, q = 5 / 40, 400
    fine = (np.arange(20 * q) + 0.5) * spacing / q
    squares = (fine**2)[:, None] + fine**2
    for number, height in enumerate(heights):
        radius = float(source.radii(range(number, number + 1))[0])
        volume = 2.5 * (math.pi * radius**2 / 4) + 0.5 * 2.5**2
        assert height.sum() * spacing**2 == pytest.approx(volume, rel=1e-14)
        share = (squares < radius**2).reshape(20, q, 20, q).mean((1, 3))
        np.testing.assert_allclose(height, 0.5 + 2.5 * share, atol=2.5e-3)
    assert float(source.start(range(5))[:, 1:].abs().max()) == 0


def test_the_quadrant_is_that_of_the_square() -> None:
    source = small()
    found = source.solve(range(2), (64, 64))["values"]
    np.testing.assert_array_equal(found, found[..., ::-1, :])
    np.testing.assert_array_equal(found, found[..., ::-1])
    np.testing.assert_allclose(found, found.swapaxes(-1, -2), atol=1e-6)
    state = torch.zeros(2, 3, 64, 64, dtype=torch.float64)
    state[:, 0] = torch.from_numpy(found[:, 0, 0]).double()
    later = advance_water(state, 5 / 64, 0.01, 30)
    np.testing.assert_allclose(found[:, 3, 0], later[:, 0], atol=1e-3)
    assert np.abs(found[:, 3, 0] - found[:, 0, 0]).max() > 0.5


def test_the_same_solution_in_larger_cells() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((16, 16)).digest() == test.digest()
    fine = source.at((32, 64))
    assert fine.values.shape == (3, 4, 1, 32, 64)
    merged = fine.values.reshape(3, 4, 1, 16, 2, 16, 4).mean((-3, -1))
    np.testing.assert_allclose(merged, test.values, atol=1e-6)


def test_the_mean_height_stays_until_a_wave_reaches_the_boundary() -> None:
    source = small(steps=10)
    assert (source.conserved(), source.invariants) == (("height",), ("mean",))
    values = source.solve(range(3), (32, 32))["values"].astype(np.float64)
    means = values.mean((-2, -1))
    assert np.abs(means - means[:, :1]).max() < 1e-7
    longer = small(steps=20)
    assert (longer.conserved(), longer.invariants) == ((), ())
    means = longer.solve(range(1), (32, 32))["values"].astype(np.float64).mean((-2, -1))
    assert float(means[0, 20, 0]) < float(means[0, 0, 0]) - 1e-3


def test_a_finer_solver_has_nearly_the_same_averages() -> None:
    frames = [small(solver=n).solve(range(1), (16, 16))["values"] for n in (64, 128, 256)]
    errors = [float(np.abs(one - frames[2])[:, 1:].mean()) for one in frames[:2]]
    assert errors[1] < 0.5 * errors[0] < 3e-3
    np.testing.assert_allclose(frames[0][:, 0], frames[2][:, 0], atol=1e-6)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(7).splits(), small(9).splits()
    for name in ("test", "val"):
        np.testing.assert_array_equal(more[name].values, few[name].values)
    other = small(storage={"seed": 1, "held_out": 3}).splits()["test"].values
    assert np.abs(other - few["test"].values).max() > 0.1


@pytest.mark.parametrize("inner", [1.01, 10.0, 50.0])
@pytest.mark.parametrize("radius", [(0.2, 0.21), (1.2, 1.21)])
def test_the_step_is_short_enough_for_any_dam(inner: float, radius: tuple[float, float]) -> None:
    source = small(inner=inner, radius=radius, steps=20, interval=0.05)
    values = source.solve(range(1), (16, 16))["values"]
    assert 0 < values.min() < values.max() <= inner


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 6}, "use 7 or more"),
        ({"resolution": 24}, "choose from 8, 16, 32, 64"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"inner": 1.0}, "above outer=1"),
        ({"outer": 0.0}, "above 0"),
        ({"interval": float("nan")}, "above 0"),
        ({"radius": [0.7, 0.3]}, "smallest, largest"),
        ({"radius": [0.3, 2.5]}, "between 0 and 2.5"),
        ({"radius": [0.3]}, "smallest, largest"),
        ({"solver": 63}, "even number"),
        ({"solver": 8192}, "even number"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(32,), (8, 8, 8)])
def test_a_shape_that_is_none_is_one_line(shape: tuple[int, ...]) -> None:
    with raises_input("shape", shape):
        small().at(shape)


def test_cells_that_are_not_whole_are_one_line() -> None:
    with raises_input("resolution", 24, "another solver"):
        small().at((32, 24))
