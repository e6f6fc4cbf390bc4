from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input
from scipy.integrate import solve_ivp

from neurop.datasets.gray_scott import GrayScott
from neurop.datasets.gray_scott_options import REGIMES, Reaction
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.operators import truncate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 7, resolution: int = 24, **changes: object) -> GrayScott:
    given = {"length": 0.15, "steps": 2, "warmup": 20.0, "storage": {"held_out": 3}} | changes
    return GrayScott(samples, resolution, **given)  # type: ignore[arg-type]


def modes(values: np.ndarray, band: int) -> torch.Tensor:
    """Return the coefficients |k| < band/2."""
    hat = torch.fft.rfft2(torch.from_numpy(values).double(), norm="forward")
    return truncate(hat, values.shape[-2:], (band, band))


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {"train": 1, "val": 3, "test": 3}
    for split in splits.values():
        assert split.values.shape[1:] == (3, 2, 24, 24)
        assert split.values.dtype == np.float32
        assert split.fields == tuple(
            Field(name, "1", f"concentration of {name.upper()}") for name in "ab"
        )
        assert split.grid == Grid.periodic(2, 0.15)
        assert split.times is not None
        assert split.times.values.tolist() == [0.0, 20.0, 40.0]
        assert split.attributes["feed"] == 0.018
        assert split.attributes["kill"] == 0.051
        assert list(split.attributes["diffusion"]) == [2e-5, 1e-5]


def test_the_start_is_patches_on_the_state_of_rest() -> None:
    start = GrayScott(samples=41).start(range(4), 96)
    a, b = start[:, 0], start[:, 1]
    assert 0.49 < float(a.min()) < 0.55
    assert float(a.max()) == pytest.approx(1.0, abs=1e-3)
    torch.testing.assert_close(1 - a, b, rtol=0, atol=1e-15)
    assert ((b > 0.25).double().mean((-2, -1)) < 0.2).all()
    coarse = GrayScott(samples=41).start(range(2, 3), 48)
    torch.testing.assert_close(coarse[0], start[2, :, ::2, ::2], rtol=0, atol=1e-14)
    assert (start[0] - start[1]).abs().max() > 0.3


@pytest.mark.parametrize("regime", REGIMES)
def test_concentrations_stay_between_0_and_1_and_react(regime: str) -> None:
    values = small(reaction={"regime": regime}, warmup=0.0, interval=50.0).solve(
        range(2), (24, 24)
    )["values"]
    assert -1e-3 < values.min() < values.max() < 1.01
    assert np.abs(values[:, 2] - values[:, 0]).max() > 0.1


def test_uniform_patches_follow_the_ordinary_differential_equation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = small(reaction={"regime": "maze"}, warmup=10.0)
    monkeypatch.setattr("neurop.datasets.gray_scott.STEP", 0.5)
    uniform = torch.tensor([0.5, 0.5], dtype=torch.float64).reshape(1, 2, 1, 1)
    monkeypatch.setattr(source, "start", lambda numbers, n: uniform.expand(1, 2, n, n))
    found = source.solve(range(1), (24, 24))["values"][0]
    f, k = REGIMES["maze"]

    def change(_: float, y: list[float]) -> list[float]:
        a, b = y
        return [-a * b * b + f * (1 - a), a * b * b - (f + k) * b]

    exact = solve_ivp(change, (0, 50), [0.5, 0.5], "DOP853", t_eval=[10, 30, 50], rtol=1e-12)
    for frame, expected in zip(found, exact.y.T, strict=True):
        np.testing.assert_allclose(frame.mean((-2, -1)), expected, atol=3e-6)
        assert np.ptp(frame, (-2, -1)).max() < 1e-7
    assert exact.y[1, 0] > 1.2 * exact.y[1, 2]


def test_the_same_solution_at_other_resolutions() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((24, 24)).digest() == test.digest()
    for shape in ((16, 16), (20, 32)):
        other = source.at(shape)
        assert other.values.shape == (3, 3, 2, *shape)
        band = min(shape)
        gap = (modes(other.values, band) - modes(test.values, band)).abs().max()
        assert float(gap) < 1e-7


@pytest.mark.parametrize("regime", ["spirals", "worms"])
def test_the_solver_has_converged(monkeypatch: pytest.MonkeyPatch, regime: str) -> None:
    """Against twice the points and half the step."""
    source = small(reaction={"regime": regime})
    points = source._points()
    coarse = source.solve(range(1), (24, 24))["values"]
    monkeypatch.setattr(source, "_points", lambda: 2 * points)
    monkeypatch.setattr("neurop.datasets.gray_scott.STEP", 1.0)
    fine = source.solve(range(1), (24, 24))["values"]
    assert np.linalg.norm(coarse - fine) < 2e-4 * np.linalg.norm(fine)


def test_the_warmup_is_time_before_the_first_frame() -> None:
    early, late = small(warmup=0.0), small(warmup=20.0)
    first, second = (source.solve(range(2), (24, 24))["values"] for source in (early, late))
    np.testing.assert_allclose(first[:, 1], second[:, 0], atol=1e-6)
    assert np.abs(first[:, 0] - second[:, 0]).max() > 0.1


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(7).splits(), small(9).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-6)
    other = small(storage={"seed": 1, "held_out": 3}).splits()["test"].values
    assert np.abs(other - few["test"].values).max() > 0.1


def test_rates_are_those_of_the_regime_or_given_or_drawn() -> None:
    assert (small(reaction=Reaction("worms")).feed, small(reaction={"kill": 0.06}).kill) == (
        0.058,
        0.06,
    )
    source = small(reaction={"regime": "maze", "feed": [0.02, 0.04]})
    test = source.splits()["test"]
    (drawn,) = [np.asarray(c.values).ravel() for c in test.conditions if c.field.name == "feed"]
    assert ((drawn > 0.02) & (drawn < 0.04)).all()
    one = small(reaction={"regime": "maze", "feed": float(drawn[1])})
    np.testing.assert_allclose(
        test.values[1], one.solve(range(1, 2), (24, 24))["values"][0], atol=1e-6
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 6}, "use 7 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"length": 0.0}, "above 0"),
        ({"interval": float("nan")}, "above 0"),
        ({"warmup": -1.0}, "0 or more"),
        ({"length": 1e3}, "use a shorter length"),
        ({"reaction": {"regime": "spot"}}, "did you mean 'spots'"),
        ({"reaction": {"feed": -1.0}}, "above 0"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


def test_diffusion_constants_are_two() -> None:
    with raises_input("diffusion", [1e-5], "of A and of B"):
        small(reaction={"diffusion": [1e-5]})
    with raises_input("diffusion", 0.0, "above 0"):
        small(reaction={"diffusion": [1e-5, 0.0]})


@pytest.mark.parametrize("shape", [(32,), (4, 4), (8, 8, 8)])
def test_a_shape_that_is_none_is_one_line(shape: tuple[int, ...]) -> None:
    with raises_input("shape", shape):
        small().at(shape)
