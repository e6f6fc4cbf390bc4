from pathlib import Path

import numpy as np
import pytest
from raising import leaf, raises_input

from neurop.datasets.diffusion_sorption import DiffusionSorption
from neurop.fields.field import Field
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.solvers.sorption import Sorption, solve_sorption


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 5, resolution: int = 32, **changes: object) -> DiffusionSorption:
    given = {"steps": 4, "time": 20.0, "storage": {"held_out": 2}} | changes
    return DiffusionSorption(samples, resolution, **given)  # type: ignore[arg-type]


def test_splits_are_trajectories_on_cell_centres() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {"train": 1, "val": 2, "test": 2}
    for split in splits.values():
        assert split.values.shape[1:] == (5, 1, 32)
        assert split.values.dtype == np.float32
        assert split.fields == (Field("concentration", "1", "dissolved concentration"),)
        assert split.grid == Grid((Axis("x", "open", layout="cells"),))
        assert split.times is not None
        assert split.times.values.tolist() == [0.0, 5.0, 10.0, 15.0, 20.0]
        assert split.attributes["diffusion"] == 5e-4
        assert split.attributes["porosity"] == 0.29
    assert (DiffusionSorption().shape, DiffusionSorption().steps) == ((1024,), 100)


def test_starts_are_constants_up_to_the_largest() -> None:
    source = small(steps=1)
    start = source.solve(range(3), (8,))["values"][:, 0, 0]
    assert (start == start[:, :1]).all()
    assert ((start > 0) & (start < 0.2)).all()
    assert np.ptp(start[:, 0]) > 0.05
    half = small(largest=0.1, steps=1).solve(range(3), (8,))["values"][:, 0, 0]
    np.testing.assert_allclose(half, start / 2, rtol=1e-6)


def test_the_default_frames_have_converged() -> None:
    """Against twice the cells and a tighter tolerance, at the interval of the default set."""
    source = small()
    found = source.solve(range(1), (200,))["values"][0, :, 0]
    x, times = (np.arange(200) + 0.5) / 200, np.linspace(0, 20, 5)
    fine = solve_sorption(float(found[0, 0]), 5e-4, Sorption(), times, x, 512, 1e-10)
    gap = np.linalg.norm(found - fine, axis=-1) / np.linalg.norm(fine, axis=-1)
    assert gap.max() < 3e-7
    assert np.abs(np.diff(fine, axis=0)).max(-1).min() > 0.05


def test_cells_follow_the_width_of_the_layers() -> None:
    assert DiffusionSorption()._cells() == small()._cells() == 256
    thin = small(time=1.25)
    assert thin._cells() == pytest.approx(2 * 256, abs=4)
    found = thin.solve(range(1), (400,))["values"][0, :, 0]
    x, times = (np.arange(400) + 0.5) / 400, np.linspace(0, 1.25, 5)
    fine = solve_sorption(float(found[0, 0]), 5e-4, Sorption(), times, x, 1024, 1e-9)
    assert np.linalg.norm(found - fine) < 3e-7 * np.linalg.norm(fine)


def test_the_same_solution_at_other_resolutions() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((32,)).digest() == test.digest()
    np.testing.assert_allclose(source.at((96,)).values[..., 1::3], test.values, atol=2e-7)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(5).splits(), small(6).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-7)
    other = small(storage={"seed": 1, "held_out": 2}).splits()["test"].values
    assert np.abs(other - few["test"].values).max() > 0.01


def test_the_constant_may_be_drawn_for_each_sample() -> None:
    source = small(diffusion=[1e-4, 1e-3])
    test = source.splits()["test"]
    (drawn,) = (np.asarray(c.values).ravel() for c in test.conditions)
    assert ((drawn > 1e-4) & (drawn < 1e-3)).all()
    one = small(diffusion=float(drawn[1])).solve(range(1, 2), (32,))["values"][0]
    np.testing.assert_allclose(test.values[1], one, atol=1e-6)


def test_the_isotherm_is_a_group_or_a_mapping() -> None:
    one = small(sorption={"exponent": 1, "porosity": 0.5})
    other = small(sorption=Sorption(porosity=0.5, exponent=1.0))
    assert one.parameters() == other.parameters()
    assert one.recipe((32,), 5).file == other.recipe((32,), 5).file != small().recipe((32,), 5).file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 4}, "use 5 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"diffusion": 0.0}, "above 0"),
        ({"time": float("inf")}, "above 0"),
        ({"largest": 1.5}, "at most 1"),
        ({"sorption": {"porosity": 1.0}}, "below 1"),
        ({"diffusion": 1e-9}, "use a larger constant or interval"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]
