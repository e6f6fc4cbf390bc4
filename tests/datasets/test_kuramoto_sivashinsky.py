import math
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from raising import leaf, raises_input

from neurop.datasets.kuramoto_sivashinsky import KuramotoSivashinsky
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.operators import dealias_mask, wavenumbers
from neurop.physics.solvers.steppers import ETDRK4

EXPERIMENTS = Path(__file__).parents[2] / "conf" / "experiment"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 43, resolution: int = 48, **changes: object) -> KuramotoSivashinsky:
    return KuramotoSivashinsky(
        samples, resolution, **{"length": 22.0, "steps": 2, "warmup": 20.0, **changes}
    )  # type: ignore[arg-type]


def modes(values: np.ndarray, band: int) -> np.ndarray:
    return np.asarray(np.fft.rfft(values.astype(np.float64), norm="forward")[..., : band // 2])


def test_splits_have_the_promised_samples_and_labels() -> None:
    source = small()
    assert source.name == "kuramoto_sivashinsky"
    splits = source.splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 3,
        "val": 20,
        "test": 20,
    }
    for split in splits.values():
        assert split.values.shape[1:] == (3, 1, 48)
        assert split.values.dtype == np.float32
        assert split.fields == (Field("velocity", "1", "velocity"),)
        assert split.grid == Grid.periodic(1, 22.0)
        assert split.times is not None
        assert split.times.values.tolist() == [0.0, 1.0, 2.0]
        assert split.attributes["length"] == 22.0
        assert split.attributes["warmup"] == 20.0


def test_the_frames_lie_on_the_attractor() -> None:
    """Waves near the fastest growing one, sqrt(2) pi long each, of a size that does not depend
    on the random field; zero mean.
    """
    values = (
        KuramotoSivashinsky(41, 64, length=44.0, steps=1, warmup=60.0)
        .splits()["test"]
        .values.astype(np.float64)
    )
    assert np.abs(values.mean(-1)).max() < 1e-6
    assert 1.0 < values.std() < 1.6
    assert np.abs(values).max() < 4.5
    power = (np.abs(np.fft.rfft(values)) ** 2).mean((0, 1, 2))
    k = 2 * math.pi * np.arange(len(power)) / 44.0
    assert 0.5 < k[power.argmax()] < 1.0
    assert power[k > 4].max() < 1e-6 * power.max()
    assert np.linalg.norm(values[:, 1] - values[:, 0]) > 0.2 * np.linalg.norm(values[:, 0])


def test_balance_of_energy_on_the_attractor() -> None:
    r"""Check :math:`d/dt \langle u^2 \rangle / 2 = \langle u_x^2 \rangle - \langle u_{xx}^2
    \rangle` by Simpson's rule.
    """
    values = small(interval=0.05, steps=40).splits()["test"].values.astype(np.float64)[:, :, 0]
    k = 2 * math.pi * np.arange(25) / 22.0
    power = 2 * np.abs(np.fft.rfft(values, norm="forward")) ** 2
    energy, gain = 0.5 * power.sum(-1), (power * (k**2 - k**4)).sum(-1)
    spent = 0.05 / 3 * (gain[:, :-2] + 4 * gain[:, 1:-1] + gain[:, 2:])
    np.testing.assert_allclose(energy[:, 2:] - energy[:, :-2], spent, atol=2e-5)
    assert np.abs(spent).max() > 1e-2


def test_the_same_solution_at_other_resolutions() -> None:
    source = small()
    test = source.splits()["test"]
    assert source.at((48,)).digest() == test.digest()
    for points in (32, 200):
        other = source.at((points,)).values
        assert other.shape == (20, 3, 1, points)
        band = min(points, 48)
        np.testing.assert_allclose(modes(other, band), modes(test.values, band), atol=3e-7)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(43).splits(), small(48).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-5)
    assert not np.allclose(
        small(storage={"seed": 1}).splits()["test"].values, few["test"].values, atol=1e-1
    )


def test_the_solver_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default length, from one state after the warm-up: chaos multiplies every difference
    with time.
    """
    source = KuramotoSivashinsky(warmup=30.0, steps=10)
    assert source._discretisation() == (256, 80)
    coarse = source._trajectories(range(2), (64,))
    monkeypatch.setattr(source, "_discretisation", lambda: (256, 240))
    fine = source._trajectories(range(2), (64,))
    gap = np.linalg.norm((coarse - fine).astype(np.float64), axis=-1) / np.linalg.norm(
        fine, axis=-1
    )
    assert gap[:, 0].max() == 0
    assert gap.max() < 1e-6


def test_the_warmup_is_time_before_the_first_frame() -> None:
    early, late = small(warmup=0.0, interval=4.0), small(warmup=4.0, interval=4.0)
    frames, later = (source.solve(range(3), (48,))["values"] for source in (early, late))
    assert np.linalg.norm(later[:, 0] - frames[:, 1]) < 1e-3 * np.linalg.norm(frames[:, 1])
    assert np.linalg.norm(later[:, 0] - frames[:, 0]) > 0.1 * np.linalg.norm(frames[:, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 40}, "use 41 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"length": 6.0}, "above 6.283"),
        ({"interval": float("nan")}, "above 0"),
        ({"warmup": -1.0}, "0 or more"),
        ({"length": 1e6}, "use a shorter length"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


def test_a_shape_that_is_none_is_one_line() -> None:
    with raises_input("shape", (32, 32)):
        small().at((32, 32))


def published(name: str, **changes: object) -> KuramotoSivashinsky:
    """Return the data set of an experiment, of three samples."""
    given = OmegaConf.to_container(OmegaConf.load(EXPERIMENTS / f"{name}.yaml").data)
    assert isinstance(given, dict)
    return KuramotoSivashinsky(**given | {"samples": 3, "storage": {"held_out": 1}} | changes)  # type: ignore[arg-type]


def test_the_settings_of_pde_refiner() -> None:
    source = published("ks_refiner", steps=10)
    splits = source.splits()
    assert [len(splits[name]) for name in ("train", "val", "test")] == [1, 1, 1]
    values = splits["test"].values.astype(np.float64)
    assert values.shape == (1, 11, 1, 256)
    assert splits["test"].times.values[1] == pytest.approx(0.2)
    assert (source.length, source.warmup) == (64.0, pytest.approx(360 * 0.2))
    assert 1.0 < values.std() < 1.6


def test_the_settings_of_apebench_are_its_normalised_equation() -> None:
    r"""With :math:`\alpha_2 = \gamma_2/2N^2,\ \alpha_4 = \gamma_4/8N^4,\ \beta = \delta/N` a frame
    of ours is one unit of time of :math:`u_t + \beta (u^2/2)_x = \alpha_2 u_{xx} + \alpha_4
    u_{xxxx}` on the unit interval.
    """
    n, gamma_2, gamma_4, delta = 160, -2.0, -18.0, -1.0
    alpha_2, alpha_4, beta = gamma_2 / (2 * n**2), gamma_4 / (8 * n**4), delta / n
    source = published("ks_apebench", steps=1)
    assert source.shape == (n,)
    assert source.warmup == pytest.approx(500 * source.interval)
    frames = torch.from_numpy(source.solve(range(2), (n,))["values"][:, :, 0]).double()
    scale = source.interval / (beta * source.length)
    fine = 4 * n
    hat = torch.fft.rfft(scale * frames, norm="forward")
    state = torch.nn.functional.pad(hat, (0, fine // 2 - n // 2))
    (k,) = wavenumbers((fine,), (1.0,))
    flux = -0.5j * beta * k * dealias_mask((fine,))

    def convection(u: torch.Tensor) -> torch.Tensor:
        return flux * torch.fft.rfft(
            torch.fft.irfft(u, n=fine, norm="forward").square(), norm="forward"
        )

    stepper = ETDRK4(-alpha_2 * k**2 + alpha_4 * k**4, convection, 1 / 50)
    later = stepper.advance(state[:, 0], 50)[:, : n // 2]
    expected = state[:, 1, : n // 2]
    assert float((later - expected).norm() / expected.norm()) < 1e-5
    assert float((state[:, 0, : n // 2] - expected).norm() / expected.norm()) > 0.1
