import math
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.kolmogorov_flow import START, KolmogorovFlow
from neurop.datasets.kolmogorov_flow_options import Flow
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.invariants import INVARIANTS
from neurop.physics.operators import truncate, velocity
from neurop.physics.random_fields.periodic import random_field


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 7, resolution: int = 16, **changes: object) -> KolmogorovFlow:
    flow = {"reynolds": 40.0, "wavenumber": 2, "spin_up": 5.0} | changes.pop("flow", {})  # type: ignore[operator]
    given = {"steps": 2, "interval": 0.5, "storage": {"held_out": 3}} | changes
    return KolmogorovFlow(samples, resolution, flow, **given)  # type: ignore[arg-type]


def modes(values: np.ndarray, band: int) -> torch.Tensor:
    """Return the coefficients |k| < band/2 of (sample, time, 1, N, M)."""
    hat = torch.fft.rfft2(torch.from_numpy(values[:, :, 0]).double(), norm="forward")
    return truncate(hat, values.shape[-2:], (band, band))


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {"train": 1, "val": 3, "test": 3}
    for split in splits.values():
        assert split.values.shape[1:] == (3, 1, 16, 16)
        assert split.values.dtype == np.float32
        assert split.fields == (Field("vorticity", "1", "vorticity"),)
        assert split.grid == Grid.periodic(2, 2 * math.pi)
        assert split.times is not None
        assert split.times.values.tolist() == [0.0, 0.5, 1.0]
        assert split.attributes["reynolds"] == 40.0
        assert split.attributes["drag"] == 0.1
        assert np.abs(split.values.mean((-2, -1))).max() < 1e-6
    assert set(small().invariants) <= set(INVARIANTS)


def test_the_force_is_the_curl_of_a_sine_in_y() -> None:
    n, points = 3, 24
    y = 2 * np.pi * np.arange(points) / points
    along = torch.from_numpy(np.sin(n * y)).expand(points, points)
    slope = torch.fft.irfft(
        1j * torch.arange(points // 2 + 1) * torch.fft.rfft(along, norm="forward"),
        n=points,
        norm="forward",
    )
    torch.testing.assert_close(Flow(wavenumber=n).force(points), -slope, rtol=0, atol=1e-13)


def test_from_rest_the_laminar_flow_grows_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    r"""Check :math:`\omega = -n\cos(ny)\,(1 - e^{-\lambda t})/\lambda`, an exact solution."""
    monkeypatch.setattr(
        "neurop.datasets.kolmogorov_flow.random_field",
        lambda _, shape, **__: torch.zeros(1, *shape),
    )
    source = small(resolution=48, flow={"drag": 0.3, "spin_up": 0.0}, steps=3, interval=1.0)
    frames = source.solve(range(1), (48, 48))["values"][0, :, 0]
    rate = 0.3 + 4 / 40.0
    y = 2 * np.pi * np.arange(48) / 48
    for t, frame in enumerate(frames):
        size = -math.expm1(-rate * t) / rate
        np.testing.assert_allclose(frame, np.tile(-2 * size * np.cos(2 * y), (48, 1)), atol=1e-6)
    # The velocity of the limit is sin(ny) / (drag + n^2 / Re).
    u = 2 * math.pi * velocity(torch.from_numpy(frames[3]).double())[0]
    assert float(u.max()) == pytest.approx(-math.expm1(-rate * 3) / rate, rel=1e-3)


def test_the_energy_changes_by_input_dissipation_and_drag() -> None:
    r"""Check :math:`dE/dt = \langle u\sin ny\rangle - \langle\omega^2\rangle/Re - 2\alpha E` by
    Simpson's rule.
    """
    source = small(resolution=48, steps=20, interval=0.02)
    w = torch.from_numpy(source.solve(range(2), (48, 48))["values"][:, :, 0]).double()
    u = 2 * math.pi * velocity(w)
    energy = 0.5 * u.square().sum(2).mean((-2, -1))
    sine = torch.sin(2 * 2 * torch.pi * torch.arange(48, dtype=torch.float64) / 48)
    gain = (u[:, :, 0] * sine).mean((-2, -1))
    loss = w.square().mean((-2, -1)) / 40.0 + 2 * 0.1 * energy
    rate = gain - loss
    change = 0.02 / 3 * (rate[:, :-2] + 4 * rate[:, 1:-1] + rate[:, 2:])
    torch.testing.assert_close(energy[:, 2:] - energy[:, :-2], change, rtol=0, atol=1e-6)
    assert change.abs().max() > 1e-3
    assert (loss > 0.05).all()


@pytest.mark.slow
def test_in_the_mean_the_input_is_dissipation_and_drag() -> None:
    """The statistics are steady after the spin-up: the budget of 40 units closes to 5 %."""
    source = small(resolution=32, flow={"reynolds": 100.0, "wavenumber": 4, "spin_up": 40.0})
    source.steps, source.interval = 200, 0.2
    w = torch.from_numpy(source.solve(range(4), (32, 32))["values"][:, :, 0]).double()
    u = 2 * math.pi * velocity(w)
    energy = 0.5 * u.square().sum(2).mean((-2, -1))
    sine = torch.sin(4 * 2 * torch.pi * torch.arange(32, dtype=torch.float64) / 32)
    gain = (u[:, :, 0] * sine).mean()
    loss = w.square().mean() / 100.0 + 2 * 0.1 * energy.mean()
    assert float(loss / gain) == pytest.approx(1.0, abs=0.05)
    assert float(energy[:, 100:].mean() / energy[:, :100].mean()) == pytest.approx(1.0, abs=0.25)


def test_order_four_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    source = small(flow={"spin_up": 0.0})
    start = 0.5 * random_field(range(1), (48, 48), **START)
    runs = {}
    for rate in (40.0, 80.0, 160.0, 1280.0):
        monkeypatch.setattr(source, "_rate", lambda points, rate=rate: rate)
        runs[rate] = source._advance(start, 1.0, 1)[:, 1]
    *rates, most = runs
    errors = [float((runs[rate] - runs[most]).norm() / runs[most].norm()) for rate in rates]
    assert errors[2] < 1e-7
    assert min(errors[0] / errors[1], errors[1] / errors[2]) > 2**3.7
    assert float((runs[most] - start).norm() / start.norm()) > 0.3


def test_the_solver_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one state, against twice the points and twice the steps: 1 unit of time."""
    source = small(flow={"spin_up": 0.0})
    points, _ = source.discretisation((16, 16))
    rate = source._rate(points)
    coarse = modes(source.solve(range(1), (16, 16))["values"], 16)
    finer = small(flow={"spin_up": 0.0}, solver={"points": 2 * points})
    monkeypatch.setattr(finer, "_rate", lambda points: 2 * rate)
    fine = modes(finer.solve(range(1), (16, 16))["values"], 16)
    assert float((coarse - fine).norm() / fine.norm()) < 1e-4


def test_the_spin_up_ends_on_the_same_flow_for_every_resolution() -> None:
    source = small(flow={"spin_up": 6.0})
    test = source.splits()["test"]
    assert source.at((16, 16)).digest() == test.digest()
    for shape in ((12, 12), (20, 32)):
        other = source.at(shape)
        band = min(*shape, 16)
        gap = (modes(other.values, band) - modes(test.values, band)).norm()
        assert float(gap / modes(test.values, band).norm()) < 1e-6


def test_the_spin_up_is_time_before_the_first_frame() -> None:
    early = small(flow={"spin_up": 2.0}, interval=1.0).solve(range(2), (16, 16))["values"]
    late = small(flow={"spin_up": 3.0}, interval=1.0).solve(range(2), (16, 16))["values"]
    assert np.linalg.norm(late[:, 0] - early[:, 1]) < 1e-3 * np.linalg.norm(late[:, 0])
    assert np.linalg.norm(late[:, 0] - early[:, 0]) > 0.1 * np.linalg.norm(late[:, 0])


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(7).splits(), small(9).splits()
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-5)
    other = small(storage={"seed": 1, "held_out": 3}).splits()["test"].values
    assert np.abs(other - few["test"].values).max() > 0.1


def test_a_reynolds_number_may_be_drawn_for_each_sample() -> None:
    source = small(flow={"reynolds": [20.0, 60.0], "spin_up": 0.0})
    test = source.splits()["test"]
    (drawn,) = [np.asarray(c.values).ravel() for c in test.conditions]
    one = small(flow={"reynolds": float(drawn[1]), "spin_up": 0.0})
    np.testing.assert_allclose(
        test.values[1], one.solve(range(1, 2), (16, 16))["values"][0], atol=1e-5
    )


def test_the_discretisation_is_a_matter_of_parameters() -> None:
    assert KolmogorovFlow().discretisation((64, 64)) == (128, 23)
    assert KolmogorovFlow(solver={"points": 192}).discretisation((64, 64))[0] == 192
    assert KolmogorovFlow(flow={"reynolds": 4000.0}).discretisation((64, 64))[0] >= 253
    assert small(solver={"precision": "float32"}).solve(range(1), (16, 16))["values"].std() > 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 6}, "use 7 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"interval": 0.0}, "above 0"),
        ({"flow": {"reynolds": -1.0}}, "above 0"),
        ({"flow": {"wavenumber": 0}}, "use 1 or more"),
        ({"flow": {"drag": -0.1}}, "0 or more"),
        ({"flow": {"spin_up": float("nan")}}, "0 or more"),
        ({"solver": {"points": 20}}, "48 to 4096"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**dict(changes))  # type: ignore[arg-type]


def test_an_overflow_is_reported_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    source = small(flow={"reynolds": 1e6, "wavenumber": 2, "spin_up": 0.0}, solver={"points": 48})
    monkeypatch.setattr(source, "_rate", lambda points: 0.5)
    source.interval, source.steps = 40.0, 4
    with raises_input("reynolds", 1e6):
        source.solve(range(1), (16, 16))
