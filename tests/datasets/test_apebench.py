from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.apebench import SCENARIOS, ApeBench
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.solvers.difficulties import Difficulties, solve_difficulties

LINEAR = ("advection", "diffusion", "advection_diffusion", "dispersion", "hyper_diffusion")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(scenario: str = "burgers", samples: int = 5, **changes: object) -> ApeBench:
    given = {"steps": 4, "train_steps": 2, "storage": {"held_out": 2}} | changes
    return ApeBench(scenario, samples, **given)  # type: ignore[arg-type]


def frames(source: ApeBench, count: int = 3) -> np.ndarray:
    return source.solve(range(count), source.shape)["values"][:, :, 0].astype(np.float64)


def test_splits_are_those_of_the_protocol() -> None:
    source = ApeBench("advection")
    splits = source.splits()
    assert {name: split.values.shape for name, split in splits.items()} == {
        "train": (50, 51, 1, 160),
        "val": (30, 51, 1, 160),
        "test": (30, 201, 1, 160),
    }
    for split in splits.values():
        assert split.values.dtype == np.float32
        assert split.fields == (Field("u", "1", "solution"),)
        assert split.grid == Grid.periodic(1)
        assert split.times is not None
        assert split.times.values.tolist() == list(range(split.values.shape[1]))
        assert split.attributes["scenario"] == "advection"
    assert source.test().digest() == splits["test"].digest() == source.at((160,)).digest()


def test_the_number_of_training_frames_is_no_parameter_of_the_file() -> None:
    few, more = small(train_steps=1).splits(), small(train_steps=4).splits()
    for name in ("train", "val"):
        np.testing.assert_array_equal(few[name].values, more[name].values[:, :2])
        assert more[name].values.shape[1] == 5
    assert few["test"].digest() == more["test"].digest()


@pytest.mark.parametrize("release", ["0.1.0", "0.2.0"])
def test_initial_fields(release: str) -> None:
    """Waves 1 to 5, mean 0, largest value 1; amplitudes of their distribution."""
    u = small(release=release).initial(range(2000)).numpy()
    hat = np.fft.rfft(u, norm="forward")
    assert np.abs(hat[:, [0, *range(6, 81)]]).max() < 1e-15
    assert np.abs(hat[:, 1:6]).min() > 0
    np.testing.assert_allclose(np.abs(u).max(-1), 1.0, rtol=1e-14)
    # The ratio of two amplitudes does not depend on the largest value of the field. It is below
    # 1/2 with the probability 1/4 if both are uniform, and 1/5 if they are those of white noise.
    ratio = np.abs(hat[:, [1, 3]]) / np.abs(hat[:, [2, 4]])
    expected = {"0.1.0": 1 / 4, "0.2.0": 1 / 5}[release]
    assert (ratio < 0.5).mean() == pytest.approx(expected, abs=0.02)
    assert (ratio > 2).mean() == pytest.approx(expected, abs=0.02)
    turns = np.exp(2j * np.angle(hat[:, 1:6]))
    assert np.abs(turns.mean(0)).max() < 0.08
    power = np.abs(hat[:, 1:6]) ** 2
    np.testing.assert_allclose((power / power.sum(-1, keepdims=True)).mean(0), 0.2, atol=0.015)


def test_initial_fields_of_fisher_fill_zero_to_one() -> None:
    u = small("fisher").initial(range(50)).numpy()
    assert np.abs(u.min(-1)).max() < 1e-15
    np.testing.assert_allclose(u.max(-1), 1.0, rtol=1e-15)
    assert np.abs(np.fft.rfft(u, norm="forward")[:, 6:]).max() < 1e-15


@pytest.mark.parametrize("scenario", LINEAR)
def test_linear_scenarios_are_exact(scenario: str) -> None:
    r"""With factors from :math:`\gamma_1 = -4, \gamma_2 = 4, \gamma_3 = 4, \gamma_4 = -4`."""
    source = small(scenario)
    k = 2j * np.pi * np.arange(81)
    parts = {
        "advection": -4 / 160 * k,
        "diffusion": 4 / (2 * 160**2) * k**2,
        "dispersion": 4 / (4 * 160**3) * k**3,
        "hyper_diffusion": -4 / (8 * 160**4) * k**4,
    }
    parts["advection_diffusion"] = parts["advection"] + parts["diffusion"]
    found, hat = frames(source), np.fft.rfft(source.initial(range(3)).numpy())
    for t in range(5):
        exact = np.fft.irfft(np.exp(parts[scenario] * t) * hat)
        np.testing.assert_allclose(found[:, t], exact, atol=1e-7)


def test_advection_travels_four_points_per_frame() -> None:
    found = frames(small("advection"))
    np.testing.assert_allclose(found[:, 4], np.roll(found[:, 0], 16, axis=-1), atol=2e-7)


@pytest.mark.parametrize(
    ("scenario", "linear", "nonlinear"),
    [
        ("burgers", (0, 0, 1.5 / 51200), (0, -1.5 / 160, 0)),
        ("kdv", (0, 0, 0, -14 / 16384000, -9 / 5242880000), (0, -1 / 80, 0)),
        ("ks_cons", (0, 0, -1 / 25600, 0, -18 / 5242880000), (0, -1 / 160, 0)),
        ("ks", (0, 0, -1.2 / 51200, 0, -15 / 5242880000), (0, 0, -6 / 25600)),
        ("fisher", (0.02, 0, 0.2 / 51200), (-0.02, 0, 0)),
    ],
)
def test_coefficients_by_hand(
    scenario: str, linear: tuple[float, ...], nonlinear: tuple[float, ...]
) -> None:
    found = small(scenario).difficulties
    assert found.linear_coefficients(160) == pytest.approx(linear)
    assert found.nonlinear_coefficients(160) == pytest.approx(nonlinear)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_mean_is_constant_where_it_is_claimed(scenario: str) -> None:
    source = small(scenario, steps=20)
    found = frames(source)
    drift = np.abs(found.mean(-1) - found[:, :1].mean(-1)).max()
    assert (drift < 1e-7) == (source.conserved() == ("u",))
    assert np.isfinite(found).all()


def test_energy_of_burgers_falls_and_that_of_the_attractors_stays() -> None:
    energy = (frames(small("burgers", steps=50)) ** 2).mean(-1)
    assert (np.diff(energy) < 0).all()
    assert (energy[:, -1] < 0.7 * energy[:, 0]).all()
    for scenario in ("ks", "ks_cons"):
        energy = (frames(small(scenario, steps=50)) ** 2).mean(-1)
        assert 0.5 < energy[:, -1].mean() / energy[:, 0].mean() < 2
        assert (energy > 0.01).all()


def test_the_higher_modes_are_those_of_the_release() -> None:
    """The modes below 53 are the same, whatever is kept beyond them."""
    start = small().initial(range(4))
    old, new = (
        torch.fft.rfft(
            solve_difficulties(start, SCENARIOS["burgers"], 30, keep_products=keep),
            norm="forward",
        )
        for keep in (True, False)
    )
    torch.testing.assert_close(old[..., :53], new[..., :53], rtol=0, atol=1e-14)
    assert float(new[..., 53:].abs().max()) < 1e-15
    assert float(old[..., 53:].abs().max()) > 1e-5


def test_the_map_of_burgers_is_close_to_the_flow() -> None:
    """On twice the points with 64 steps per frame; the figures are in the docstring."""
    source = small("burgers", steps=20)
    found = torch.from_numpy(frames(source))
    given = SCENARIOS["burgers"]
    fine = Difficulties(
        tuple(g * 2**j for j, g in enumerate(given.linear)), (0.0, 2 * given.nonlinear[1], 0.0)
    )
    half = torch.nn.functional.pad(
        torch.fft.rfft(source.initial(range(3)), norm="forward"), (0, 80)
    )
    flow = solve_difficulties(torch.fft.irfft(half, n=320, norm="forward"), fine, 20, substeps=64)
    gap = (found - flow[..., ::2]).norm(dim=-1) / found.norm(dim=-1)
    assert 1e-4 < float(gap[:, 1].median()) < 3e-3
    assert 1e-3 < float(gap[:, 20].median()) < 2e-2


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(samples=5).splits(), small(samples=6).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-6)
    other = small(storage={"seed": 1, "held_out": 2}).splits()["test"].values
    assert np.abs(other - np.asarray(few["test"].values)).max() > 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenario": "heat"}, "choose advection"),
        ({"samples": 4}, "use 5 or more"),
        ({"resolution": 12}, "use 16 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"train_steps": 5}, "use 1 to steps=4"),
        ({"release": "1.0"}, "choose 0.1.0 or 0.2.0"),
        ({"storage": {"mode": "online"}}, "use stored"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


def test_another_number_of_points_is_refused() -> None:
    with raises_input("resolutions", {64: 1}, "another equation"):
        small(storage={"resolutions": {64: 1}})
    with raises_input("shape", (80,), "another map"):
        small().at((80,))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_frames_are_those_of_exponax(scenario: str) -> None:
    """The solver of APEBench in float64, from the same initial field, over 20 frames."""
    exponax = pytest.importorskip("exponax", reason="needs exponax, the solver of APEBench")
    import jax

    jax.config.update("jax_enable_x64", True)
    found = small(scenario).difficulties
    keep = exponax.__version__.startswith("0.1.")
    start = small(scenario).initial(range(2))
    ours = solve_difficulties(start, found, 20, real_weights=True, keep_products=keep).numpy()
    generic = exponax.stepper.generic
    if any(found.nonlinear):
        stepper = generic.DifficultyNonlinearStepper(
            1,
            160,
            linear_difficulties=found.linear,
            nonlinear_difficulties=found.nonlinear,
            order=2,
        )
    else:
        stepper = generic.DifficultyLinearStepper(1, 160, linear_difficulties=found.linear)
    theirs = jax.vmap(exponax.rollout(stepper, 20, include_init=True))(start[:, None].numpy())
    np.testing.assert_allclose(ours, np.asarray(theirs)[:, :, 0], rtol=0, atol=1e-12)
    assert np.abs(ours[:, 20] - ours[:, 0]).max() > 1e-4
