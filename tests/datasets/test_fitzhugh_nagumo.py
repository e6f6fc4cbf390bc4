from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input
from scipy.fft import dctn
from scipy.integrate import solve_ivp

from neurop.datasets.fitzhugh_nagumo import FitzHughNagumo
from neurop.fields.field import Field

DIFFUSION = (1e-2, 5e-2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 7, resolution: int = 24, **changes: object) -> FitzHughNagumo:
    given = {"modes": 16, "diffusion": DIFFUSION, "steps": 3, "storage": {"held_out": 3}} | changes
    return FitzHughNagumo(samples, resolution, **given)  # type: ignore[arg-type]


def cosines(values: np.ndarray, band: int) -> np.ndarray:
    """Return the coefficients k < band of the cosines."""
    hat = dctn(values.astype(np.float64), axes=(-2, -1), norm="forward")
    return hat[..., :band, :band]


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {"train": 1, "val": 3, "test": 3}
    for split in splits.values():
        assert split.values.shape[1:] == (4, 2, 24, 24)
        assert split.values.dtype == np.float32
        assert split.fields == (
            Field("activator", "1", "activator u"),
            Field("inhibitor", "1", "inhibitor v"),
        )
        assert [axis.boundary for axis in split.grid.axes] == ["neumann"] * 2
        x = split.grid.coordinates((4, 24))["x"]
        np.testing.assert_allclose(x, [-0.75, -0.25, 0.25, 0.75], atol=1e-15)
        assert split.times is not None
        np.testing.assert_allclose(split.times.values, [0.0, 0.1, 0.2, 0.3])
        assert split.attributes["threshold"] == 5e-3
        assert list(split.attributes["diffusion"]) == [1e-2, 5e-2]


def test_the_start_is_white_noise_in_the_cells_of_its_modes() -> None:
    start = small(modes=64).start(range(8), 64)
    assert float(start.mean()) == pytest.approx(0.0, abs=4 / 256)
    assert float(start.var()) == pytest.approx(1.0, abs=0.03)
    cell, above, right, other = (
        start[:, 0],
        start[:, 0].roll(1, -2),
        start[:, 0].roll(1, -1),
        start[:, 1],
    )
    for neighbour in (above, right, other):
        assert abs(float((cell * neighbour).mean())) < 4 / 181


def test_the_start_is_one_function_on_every_grid() -> None:
    source = small()
    coarse, fine = source.start(range(2, 4), 16), source.start(range(2, 4), 48)
    torch.testing.assert_close(fine[..., 1::3, 1::3], coarse, rtol=0, atol=1e-12)
    assert (coarse[0] - coarse[1]).abs().max() > 1
    torch.testing.assert_close(source.start(range(3, 4), 16), coarse[1:], rtol=0, atol=1e-15)


def test_uniform_fields_follow_the_ordinary_differential_equation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = small(steps=10, interval=0.5)
    uniform = torch.tensor([0.9, -0.5], dtype=torch.float64).reshape(1, 2, 1, 1)
    monkeypatch.setattr(source, "start", lambda numbers, n: uniform.expand(1, 2, n, n))
    found = source.solve(range(1), (24, 24))["values"][0]

    def change(_: float, y: list[float]) -> list[float]:
        u, v = y
        return [u - u**3 - 5e-3 - v, u - v]

    times = np.linspace(0, 5, 11)
    exact = solve_ivp(change, (0, 5), [0.9, -0.5], "DOP853", t_eval=times, rtol=1e-12).y.T
    np.testing.assert_allclose(found.mean((-2, -1)), exact, atol=1e-6)
    assert np.ptp(found, (-2, -1)).max() < 1e-6
    assert np.ptp(exact, 0).min() > 0.3


def test_the_same_solution_at_other_resolutions() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((24, 24)).digest() == test.digest()
    for shape in ((12, 12), (20, 32)):
        other = source.at(shape)
        assert other.values.shape == (3, 4, 2, *shape)
        band = min(*shape, 24)
        gap = cosines(other.values, band) - cosines(test.values, band)
        assert np.abs(gap).max() < 1e-6


@pytest.mark.parametrize("changes", [{"modes": 16}, {"modes": 48, "interval": 0.05, "steps": 6}])
def test_the_solver_has_converged(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    """Against twice the points and half the step."""
    source = small(**changes)
    fine, coarse = source._points()
    found = source.solve(range(1), (24, 24))["values"]
    monkeypatch.setattr(source, "_points", lambda: (2 * fine, 2 * coarse))
    monkeypatch.setattr("neurop.datasets.fitzhugh_nagumo.STEPS", (1 / 160, 1 / 40))
    exact = source.solve(range(1), (24, 24))["values"]
    assert 1e-9 < np.linalg.norm(found - exact) / np.linalg.norm(exact) < 2e-4


def test_frames_do_not_depend_on_their_interval() -> None:
    often, seldom = (
        small(steps=n, interval=0.6 / n).solve(range(1), (24, 24))["values"] for n in (12, 2)
    )
    np.testing.assert_allclose(often[:, ::6], seldom, atol=1e-4)
    assert np.abs(often[:, 12] - often[:, 6]).max() > 0.05


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(7).splits(), small(9).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-6)
    other = small(storage={"seed": 1, "held_out": 3}).splits()["test"].values
    assert np.abs(other - few["test"].values).max() > 0.1


def test_the_threshold_is_drawn_from_a_range() -> None:
    source = small(threshold=[0.01, 0.5])
    test = source.splits()["test"]
    (drawn,) = [np.asarray(c.values).ravel() for c in test.conditions]
    assert ((drawn > 0.01) & (drawn < 0.5)).all()
    one = small(threshold=float(drawn[1])).solve(range(1, 2), (24, 24))["values"]
    np.testing.assert_allclose(test.values[1], one[0], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 6}, "use 7 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"modes": 0}, "use 1 or more"),
        ({"modes": 4096}, "use fewer"),
        ({"interval": float("nan")}, "above 0"),
        ({"threshold": -1.0}, "above 0"),
        ({"diffusion": [1e-3]}, "of u and of v"),
        ({"diffusion": [1e-9, 1e-3]}, "larger constants"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(32,), (4, 4), (8, 8, 8)])
def test_a_shape_that_is_none_is_one_line(shape: tuple[int, ...]) -> None:
    with raises_input("shape", shape):
        small().at(shape)
