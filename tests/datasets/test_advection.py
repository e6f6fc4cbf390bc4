from pathlib import Path

import numpy as np
import pytest
from raising import leaf, raises_input

from neurop.datasets.advection import Advection
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.waves import random_waves


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 43, resolution: int = 64, **changes: object) -> Advection:
    return Advection(samples, resolution, **{"steps": 8, **changes})  # type: ignore[arg-type]


def test_splits_are_trajectories() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 3,
        "val": 20,
        "test": 20,
    }
    for split in splits.values():
        assert split.values.shape[1:] == (9, 1, 64)
        assert split.values.dtype == np.float32
        assert split.fields == (Field("tracer", "1", "advected quantity"),)
        assert split.grid == Grid.periodic(1)
        assert split.times is not None
        np.testing.assert_allclose(split.times.values, np.arange(9) / 4, atol=1e-15)
        assert split.attributes["speed"] == 0.4
        assert split.attributes["initial"] == "pdebench"
    assert (Advection().shape, Advection().steps, Advection().time) == ((256,), 40, 2.0)


@pytest.mark.parametrize("initial", ["pdebench", "pdebench_code"])
def test_frames_are_the_shifted_initial_function(initial: str) -> None:
    values = small(speed=0.3, initial=initial).solve(range(20), (64,))["values"][:, :, 0]
    waves = random_waves(range(20), "paper" if initial == "pdebench" else "code")
    for frame, t in enumerate(np.arange(9) / 4):
        expected = waves(np.arange(64) / 64 - 0.3 * t)
        np.testing.assert_allclose(values[:, frame], expected, atol=3e-7)


def test_smooth_samples_solve_the_equation() -> None:
    """By the derivatives of their modes; those of kinks and of windows on 64 points are none."""
    h = 1e-3
    values = small(speed=0.7, steps=2, time=2 * h).solve(range(20), (64,))["values"][:, :, 0]
    waves = random_waves(range(20))
    smooth = values[(waves.signs == 0) & np.isinf(waves.ends[:, 0])].astype(np.float64)
    assert len(smooth) > 10
    hat = np.fft.rfft(smooth[:, 1]) * 2j * np.pi * np.arange(33)
    residual = (smooth[:, 2] - smooth[:, 0]) / (2 * h) + 0.7 * np.fft.irfft(hat, n=64)
    assert np.abs(residual).max() < 0.02 * np.abs(np.fft.irfft(hat, n=64)).max()


def test_a_whole_period_brings_the_first_frame_back() -> None:
    values = small(speed=1.0, time=2.0).solve(range(20), (50,))["values"]
    for frame in (4, 8):
        np.testing.assert_allclose(values[:, frame], values[:, 0], atol=3e-7)
    np.testing.assert_allclose(values[:, 2], np.roll(values[:, 0], 25, -1), atol=3e-7)
    assert np.abs(values[:, 1] - values[:, 0]).max() > 0.5


def test_every_grid_samples_one_function() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((64,)).digest() == test.digest()
    np.testing.assert_array_equal(source.at((192,)).values[..., ::3], test.values)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(43).splits(), small(48).splits()
    for name in ("test", "val"):
        np.testing.assert_array_equal(more[name].values, few[name].values)
    other = small(storage={"seed": 1}).splits()["test"].values
    assert np.abs(other - few["test"].values).max() > 0.5


def test_the_speed_may_be_drawn_for_each_sample() -> None:
    source = small(9, speed=[0.1, 7.0], storage={"held_out": 4})
    test = source.splits()["test"]
    (drawn,) = (np.asarray(c.values).ravel() for c in test.conditions)
    assert [c.field.name for c in test.conditions] == ["speed"]
    assert ((drawn > 0.1) & (drawn < 7)).all()
    assert len(set(drawn.tolist())) == 4
    one = small(speed=float(drawn[2])).solve(range(2, 3), (64,))["values"][0]
    np.testing.assert_allclose(test.values[2], one, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 40}, "use 41 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"speed": 0.0}, "above 0"),
        ({"time": -1.0}, "above 0"),
        ({"initial": "pdebnch"}, "did you mean 'pdebench'"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]
