from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input
from scipy.integrate import solve_ivp

from neurop.datasets.reaction_diffusion import ReactionDiffusion
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.waves import random_waves


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 43, resolution: int = 48, **changes: object) -> ReactionDiffusion:
    return ReactionDiffusion(samples, resolution, **{"time": 0.3, **changes})  # type: ignore[arg-type]


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
        assert split.targets is not None
        assert split.values.shape[1:] == split.targets.shape[1:] == (1, 1, 48)
        assert split.values.dtype == split.targets.dtype == np.float32
        assert split.fields == (Field("concentration", "1", "concentration"),)
        assert split.target_fields[0].name == "final_concentration"
        assert split.grid == Grid.periodic(1)
        assert split.attributes["viscosity"] == 1e-2
        assert split.attributes["rate"] == 5.0
        assert split.attributes["correlation"] == 0.2


def test_the_initial_fields_have_the_extrema_0_and_1() -> None:
    start = small().start(range(50), 4096)
    assert np.abs(start.min(-1)).max() < 1e-12
    assert np.abs(start.max(-1) - 1).max() < 1e-12
    np.testing.assert_allclose(small().start(range(3, 5), 128), start[3:5, ::32], atol=1e-12)


def test_the_random_field_has_the_kernel_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """With equal noise for every mode the squares of the coefficients are those of the kernel."""
    lam, n = 0.2, 64
    monkeypatch.setattr(
        "neurop.datasets.reaction_diffusion.normals", lambda numbers, count, seed: np.ones(count)
    )
    power = np.abs(modes(small(correlation=lam).start(range(1), n), n))[0] ** 2
    kernel = np.exp(-(np.sin(np.pi * np.arange(n) / n) ** 2) / (2 * lam**2))
    expected = modes(kernel, n).real
    np.testing.assert_allclose(power[1:] / power[1], expected[1:] / expected[1], atol=1e-12)


def test_solutions_grow_and_stay_between_0_and_1() -> None:
    test = small().splits()["test"]
    assert test.targets is not None
    assert (test.targets.mean(-1) > test.values.mean(-1) + 0.1).all()
    assert 0 < test.targets.min() < test.targets.max() < 1


def test_steps_make_trajectories_that_end_where_the_map_does() -> None:
    test = small(steps=3).splits()["test"]
    assert test.values.shape == (20, 4, 1, 48)
    assert test.times is not None
    np.testing.assert_allclose(test.times.values, [0, 0.1, 0.2, 0.3], atol=1e-15)
    pairs = small().splits()["test"]
    np.testing.assert_allclose(test.values[:, -1], pairs.targets[:, 0], atol=1e-6)
    np.testing.assert_array_equal(test.values[:, 0], pairs.values[:, 0])


def test_viscosity_and_rate_may_be_drawn_for_each_sample() -> None:
    source = small(viscosity=[5e-3, 1e-1], rate=[2.0, 6.0], storage={"held_out": 4}, samples=9)
    test = source.splits()["test"]
    drawn = {c.field.name: np.asarray(c.values).ravel() for c in test.conditions}
    assert set(drawn) == {"viscosity", "rate"}
    assert len(set(drawn["rate"].tolist())) == 4
    one = small(viscosity=float(drawn["viscosity"][2]), rate=float(drawn["rate"][2]))
    np.testing.assert_allclose(
        test.targets[2], one.solve(range(2, 3), (48,))["targets"][0], atol=2e-6
    )


@pytest.mark.parametrize("steps", [None, 2])
def test_the_same_solution_at_other_resolutions(steps: int | None) -> None:
    source = small(steps=steps)
    test = source.splits()["test"]
    assert source.at((48,)).digest() == test.digest()
    for points in (30, 400):
        other = source.at((points,))
        band = min(points, 48)
        for mine, theirs in ((test.values, other.values), (test.targets, other.targets)):
            if mine is not None and theirs is not None:
                assert theirs.shape[-1] == points
                np.testing.assert_allclose(modes(theirs, band), modes(mine, band), atol=1e-7)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(43).splits(), small(48).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-6)
        np.testing.assert_allclose(more[name].targets, few[name].targets, atol=1e-6)
    other = small(storage={"seed": 1}).splits()["test"]
    assert not np.allclose(other.values, few["test"].values, atol=1e-2)


@pytest.mark.parametrize(("viscosity", "steps"), [(1e-1, None), (1e-2, 5), (1e-4, None)])
def test_the_solver_has_converged(
    monkeypatch: pytest.MonkeyPatch, viscosity: float, steps: int | None
) -> None:
    """Against twice the points and three times the steps."""
    source = small(viscosity=viscosity, steps=steps, time=1.0)
    points, substeps = source._discretisation()
    runs = []
    for factor in (1, 2):
        found = (factor * points, (2 * factor - 1) * substeps)
        monkeypatch.setattr(source, "_discretisation", lambda found=found: found)
        runs.append(source.solve(range(3), (48,)).popitem()[1])
    np.testing.assert_allclose(runs[0], runs[1], atol=3e-7)


@pytest.mark.parametrize("initial", ["pdebench", "pdebench_code"])
def test_waves_without_reaction_only_decay(initial: str) -> None:
    """At a rate of 1e-9 the modes are those of the heat equation, kinks and windows included."""
    source = small(viscosity=0.5, rate=1e-9, initial=initial, steps=10, time=0.1)
    values = source.solve(range(24), (64,))["values"][:, :, 0]
    waves = random_waves(range(24), "paper" if initial == "pdebench" else "code")
    assert (waves.signs != 0).any()
    assert np.isfinite(waves.ends).any()
    start = modes(waves.truncated(64, normalised=True), 64)
    decay = np.exp(-0.5 * (2 * np.pi * np.arange(32)) ** 2 * np.linspace(0, 0.1, 11)[:, None])
    np.testing.assert_allclose(modes(values, 64), start[:, None] * decay, atol=1e-7)


@pytest.mark.parametrize(("viscosity", "rate", "steps"), [(0.5, 10.0, 5), (5.0, 1.0, 5)])
def test_waves_agree_with_another_scheme(viscosity: float, rate: float, steps: int) -> None:
    """Radau on 128 points, of a sample with kinks; constant steps are off by 3e-4."""
    n = 128
    rough = int(np.flatnonzero(random_waves(range(40)).signs)[0])
    source = small(viscosity=viscosity, rate=rate, initial="pdebench", steps=steps, time=0.05)
    found = source.solve(range(rough, rough + 1), (48,))["values"][0, :, 0]
    start = random_waves([rough]).truncated(n, normalised=True)[0]
    hat = -viscosity * (2 * np.pi * np.arange(n // 2 + 1)) ** 2
    matrix = np.fft.irfft(hat[:, None] * np.fft.rfft(np.eye(n), axis=0), n=n, axis=0)
    other = solve_ivp(
        lambda _, u: matrix @ u + rate * u * (1 - u),
        (0, 0.05),
        start,
        "Radau",
        t_eval=np.linspace(0, 0.05, steps + 1),
        jac=lambda _, u: matrix + np.diag(rate * (1 - 2 * u)),
        rtol=1e-8,
        atol=1e-10,
    )
    np.testing.assert_allclose(modes(found, 48), modes(other.y.T, 48), atol=2e-7)


def test_waves_have_the_extrema_0_and_1_and_leave_no_correlation() -> None:
    source = small(initial="pdebench", viscosity=1.0, rate=2.0)
    start = source.start(range(20), 4096)
    assert np.abs(start.min(-1)).max() < 2e-3
    assert np.abs(start.max(-1) - 1).max() < 2e-3
    assert source.parameters()["initial"] == "pdebench"
    assert "correlation" not in source.parameters()
    assert "initial" not in small().parameters()


def test_the_band_holds_all_modes_of_the_solver() -> None:
    assert ReactionDiffusion(resolution=96).resolved_band() is None
    source = ReactionDiffusion(viscosity=1e-3, resolution=256)
    (band,) = source.resolved_band() or ()
    assert band < 256
    hat = np.abs(modes(source.solve(range(3), (256,))["targets"], 256))
    assert hat[..., band // 2 :].max() < 1e-8 < hat[..., band // 8].max()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 40}, "use 41 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more, or null for a map"),
        ({"viscosity": 0.0}, "above 0"),
        ({"rate": -1.0}, "above 0"),
        ({"time": float("inf")}, "above 0"),
        ({"correlation": 2.0}, "from 0.01 to 1"),
        ({"correlation": 0.1, "initial": "pdebench"}, "leave it out"),
        ({"initial": "kernl"}, "did you mean 'kernel'"),
        ({"viscosity": 1e-12}, "use a larger viscosity"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


def test_a_shape_that_is_none_is_one_line() -> None:
    with raises_input("shape", (32, 32)):
        small().at((32, 32))


def test_an_overflow_is_reported_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    source = small(rate=2000.0, time=10.0)
    monkeypatch.setattr(source, "_discretisation", lambda: (128, 30))
    with raises_input("rate", 2000.0):
        source.solve(range(2), (48,))


def test_the_field_does_not_depend_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "neurop.datasets.reaction_diffusion.compute_device", lambda: torch.device("cpu:0")
    )
    np.testing.assert_array_equal(
        small().solve(range(3), (48,))["values"][:, 0], small().splits()["test"].values[:3, 0]
    )
