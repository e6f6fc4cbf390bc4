from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.burgers import INITIAL, Burgers
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.periodic import field_std, random_field
from neurop.physics.random_fields.waves import random_waves
from neurop.physics.solvers.cole_hopf import cole_hopf


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 43, resolution: int = 64, **changes: object) -> Burgers:
    return Burgers(samples, resolution, **{"viscosity": 5e-2, **changes})  # type: ignore[arg-type]


def modes(values: np.ndarray, band: int) -> np.ndarray:
    return np.asarray(np.fft.rfft(values.astype(np.float64), norm="forward")[..., : band // 2])


def test_splits_are_pairs_by_default() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 3,
        "val": 20,
        "test": 20,
    }
    for split in splits.values():
        assert split.has_targets
        assert split.targets is not None
        assert split.values.shape[1:] == split.targets.shape[1:] == (1, 1, 64)
        assert split.values.dtype == split.targets.dtype == np.float32
        assert split.fields == (Field("velocity", "1", "velocity"),)
        assert split.target_fields[0].name == "final_velocity"
        assert split.grid == Grid.periodic(1)
        assert split.attributes["viscosity"] == 5e-2
        assert split.attributes["initial"] == "paper"
        assert split.attributes["solver_version"] == 1
    assert (small().name, Burgers().samples, Burgers().shape) == (
        "burgers",
        1240,
        (1024,),
    )


@pytest.mark.parametrize(
    ("initial", "viscosity"), [("paper", 1e-2), ("paper", 1e-1), ("code", 1e-2), ("pino", 1e-2)]
)
def test_the_pairs_are_a_random_field_and_its_exact_solution(
    initial: str, viscosity: float
) -> None:
    source = small(41, 128, viscosity=viscosity, initial=initial)
    made = source.solve(range(20), (128,))
    fine = random_field(range(20), (4096,), **INITIAL[initial])
    np.testing.assert_allclose(
        made["values"][:, 0, 0],
        random_field(range(20), (128,), **INITIAL[initial]).numpy(),
        atol=1e-6,
    )
    exact = cole_hopf(fine[:4], viscosity, 1.0, 16).numpy()
    found = made["targets"][:4, 0, 0, ::8].astype(np.float64)
    # The rounding of float32, and the stored modes: |k| < 64 at a viscosity of 1e-2.
    assert np.linalg.norm(found - exact) / np.linalg.norm(exact) < 2e-6
    assert np.abs(exact - fine[:4, ::256].numpy()).max() > 0.1


@pytest.mark.parametrize("initial", ["pdebench", "pdebench_code"])
def test_waves_and_their_exact_solution(initial: str) -> None:
    """With absolute values, windows and other means than 0; the mean moves the solution."""
    nu, number, points = 0.05 / np.pi, range(24), 128
    waves = random_waves(number, "paper" if initial == "pdebench" else "code")
    kinked, cut = np.flatnonzero(waves.signs), np.flatnonzero(np.isfinite(waves.ends[:, 0]))
    source = small(30, points, viscosity=nu, initial=initial, steps=4, storage={"held_out": 9})
    fine = waves(np.arange(4096) / 4096)
    for i in (kinked[0], cut[0]):
        made = source.solve(range(i, i + 1), (points,))["values"][0, :, 0].astype(np.float64)
        np.testing.assert_allclose(made[0], waves.truncated(points)[i], atol=3e-7)
        mean = fine[i].mean()
        start = torch.from_numpy(fine[i] - mean)[None]
        exact = mean + cole_hopf(start, nu, 1.0, 256, images=3)[0].numpy()
        turned = modes(exact, points) * np.exp(-2j * np.pi * np.arange(points // 2) * mean)
        found = modes(made[-1], points)
        assert np.linalg.norm(found - turned) < 1e-6 * np.linalg.norm(found)


@pytest.mark.parametrize(
    ("initial", "deviation"), [("paper", 0.594), ("code", 0.274), ("pino", 0.214)]
)
def test_the_standard_deviations_of_the_card(initial: str, deviation: float) -> None:
    assert field_std((8192,), **INITIAL[initial]) == pytest.approx(deviation, abs=5e-4)


def test_steps_make_trajectories_that_end_where_the_map_does() -> None:
    source = small(steps=5, time=0.5)
    test = source.splits()["test"]
    assert not test.has_targets
    assert test.values.shape == (20, 6, 1, 64)
    assert test.times is not None
    np.testing.assert_allclose(test.times.values, [0, 0.1, 0.2, 0.3, 0.4, 0.5], atol=1e-15)
    assert test.attributes["steps"] == 5
    pairs = small(time=0.5).splits()["test"]
    assert pairs.targets is not None
    assert pairs.target_fields[0].long_name == "velocity at t = 0.5"
    np.testing.assert_allclose(test.values[:, -1], pairs.targets[:, 0], atol=2e-6)
    np.testing.assert_array_equal(test.values[:, 0], pairs.values[:, 0])
    energy = np.square(test.values.astype(np.float64)).mean((-2, -1))
    assert (np.diff(energy) < 0).all()
    assert np.abs(test.values.mean(-1, dtype=np.float64)).max() < 1e-7


@pytest.mark.parametrize("steps", [None, 2])
def test_the_same_solution_at_other_resolutions(steps: int | None) -> None:
    source = small(steps=steps)
    test = source.splits()["test"]
    assert source.at((64,)).digest() == test.digest()
    for points in (30, 400):
        other = source.at((points,))
        band = min(points, 64)
        for mine, theirs in ((test.values, other.values), (test.targets, other.targets)):
            if mine is not None and theirs is not None:
                assert theirs.shape[-1] == points
                np.testing.assert_allclose(modes(theirs, band), modes(mine, band), atol=1e-7)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(43).splits(), small(48).splits()
    for name in ("test", "val"):
        np.testing.assert_array_equal(more[name].values, few[name].values)
        np.testing.assert_allclose(more[name].targets, few[name].targets, atol=1e-6)
    assert not np.allclose(
        small(storage={"seed": 1}).splits()["test"].values, few["test"].values, atol=1e-2
    )


@pytest.mark.parametrize(("initial", "steps"), [("paper", None), ("paper", 10), ("pino", 10)])
def test_the_solver_has_converged(
    monkeypatch: pytest.MonkeyPatch, initial: str, steps: int | None
) -> None:
    """The default viscosity, against three times the points and four times the steps; sample 182
    is the fastest of 1240.
    """
    source = Burgers(initial=initial, steps=steps, resolution=256)
    points, substeps = source._discretisation((256,))
    coarse = source._trajectories(range(182, 184), (256,))
    monkeypatch.setattr(source, "_discretisation", lambda shape: (3 * points, 4 * substeps))
    fine = source._trajectories(range(182, 184), (256,))
    gap = np.linalg.norm((coarse - fine).astype(np.float64), axis=-1) / np.linalg.norm(
        fine, axis=-1
    )
    assert gap.max() < 2e-6
    assert gap[:, -1].max() < 2e-7
    assert np.abs(coarse[0, 0]).max() > 2 if initial == "paper" else True


def test_the_discretisation_is_a_matter_of_parameters() -> None:
    assert Burgers()._discretisation((1024,)) == Burgers()._discretisation((64,)) == (540, 585)
    thin = Burgers(viscosity=1e-3)._discretisation((1024,))
    assert thin[0] > 5000
    assert thin[1] > 2000
    front = Burgers(viscosity=0.001 / np.pi, initial="pdebench", steps=200, time=2.0)
    assert front._discretisation((1024,))[0] > 16000
    # A frame so early that viscosity has not wiped out the modes of the stored grid yet.
    assert Burgers(viscosity=0.1, steps=10, time=1e-6)._discretisation((1024,))[0] >= 1536


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 40}, "use 41 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more, or null for a map"),
        ({"viscosity": 0.0}, "above 0"),
        ({"time": float("inf")}, "above 0"),
        ({"initial": "pinoo"}, "did you mean 'pino'"),
        ({"initial": "pde_bench"}, "did you mean 'pdebench'"),
        ({"viscosity": 1e-9}, "use a larger viscosity"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


def test_a_shape_that_is_none_is_one_line() -> None:
    with raises_input("shape", (32, 32)):
        small().at((32, 32))


def test_an_overflow_is_reported_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    source = small(viscosity=1e-3)
    monkeypatch.setattr(source, "_discretisation", lambda shape: (256, 8))
    with raises_input("viscosity", 1e-3):
        source.solve(range(2), (64,))


def test_the_field_does_not_depend_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurop.datasets.burgers.compute_device", lambda: torch.device("cpu:0"))
    np.testing.assert_array_equal(
        small().solve(range(3), (64,))["values"][:, 0], small().splits()["test"].values[:3, 0]
    )
