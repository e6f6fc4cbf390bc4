import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.navier_stokes import NavierStokes
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid
from neurop.physics.invariants import INVARIANTS
from neurop.physics.operators import truncate
from neurop.physics.random_fields.periodic import field_std, random_field


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))


def small(samples: int = 43, resolution: int = 16, **changes: object) -> NavierStokes:
    return NavierStokes(samples, resolution, **{"viscosity": 1e-2, "steps": 2, **changes})  # type: ignore[arg-type]


def modes(values: np.ndarray, band: int) -> torch.Tensor:
    """Return the coefficients |k| < band/2 of (sample, time, 1, N, M)."""
    hat = torch.fft.rfft2(torch.from_numpy(values[:, :, 0]).double(), norm="forward")
    return truncate(hat, values.shape[-2:], (band, band))


def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the relative L2 distance per sample and time."""
    return (a - b).abs().square().sum((-2, -1)).sqrt() / b.abs().square().sum((-2, -1)).sqrt()


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 3,
        "val": 20,
        "test": 20,
    }
    for split in splits.values():
        assert split.values.shape[1:] == (3, 1, 16, 16)
        assert split.values.dtype == np.float32
        assert split.fields == (Field("vorticity", "1", "vorticity"),)
        assert split.grid == Grid.periodic(2)
        assert split.times is not None
        assert split.times.values.tolist() == [0.0, 1.0, 2.0]
        assert split.attributes["viscosity"] == 1e-2
        assert split.attributes["seed"] == 0
        assert "solver_version" in split.attributes
    every = np.concatenate([splits[name].values for name in ("test", "val", "train")])[
        :, -1
    ].reshape(43, -1)
    gaps = np.linalg.norm(every[:, None] - every, axis=-1) / np.linalg.norm(every, axis=-1).mean()
    assert gaps[~np.eye(43, dtype=bool)].min() > 0.1
    assert np.isfinite(every).all()


def test_source_attributes() -> None:
    source = small()
    assert source.name == "navier_stokes"
    assert set(source.invariants) <= set(INVARIANTS)


def test_the_first_frame_is_the_random_field_of_its_number() -> None:
    test = small(amplitude=0.5).splits()["test"].values[:, 0, 0]
    sigma = 0.5 / field_std((256, 256), alpha=2.5, tau=7.0)
    expected = random_field(range(20), (16, 16), alpha=2.5, tau=7.0, sigma=sigma)
    np.testing.assert_allclose(test, expected.numpy(), atol=1e-6)
    assert test.std() == pytest.approx(0.5, rel=0.1)


def test_more_samples_move_no_held_out_sample() -> None:
    few, more = small(43).splits(), small(48).splits()
    assert len(more["train"]) == 8
    for name in ("test", "val"):
        np.testing.assert_allclose(more[name].values, few[name].values, atol=1e-6)
    np.testing.assert_allclose(more["train"].values[:3], few["train"].values, atol=1e-6)
    assert not np.allclose(
        small(storage={"seed": 1}).splits()["test"].values[:, 0],
        few["test"].values[:, 0],
        atol=1e-2,
    )


def test_training_set_begins_after_the_held_out_samples() -> None:
    few, more = small(43).splits(), small(43, storage={"held_out": 3}).splits()
    assert [len(more[name]) for name in ("test", "val", "train")] == [3, 3, 37]
    np.testing.assert_array_equal(more["test"].values, few["test"].values[:3])
    np.testing.assert_array_equal(more["val"].values, few["test"].values[3:6])
    with raises_input("held_out", 0, "1 or more"):
        small(storage={"held_out": 0})


def test_the_solver_may_have_more_points_than_it_needs() -> None:
    usual, finer = small(viscosity=2e-3), small(viscosity=2e-3, solver={"points": 80})
    assert finer.discretisation((16, 16))[0] == 80 > usual.discretisation((16, 16))[0]
    few = range(2)
    assert (
        distance(
            modes(finer._trajectories(few, (16, 16)), 16),
            modes(usual._trajectories(few, (16, 16)), 16),
        ).max()
        < 1e-5
    )
    for wrong in (40, 5000):
        with raises_input("points", wrong, "48 to 4096"):
            small(solver={"points": wrong})


def test_the_same_flow_at_other_resolutions(folder: Path) -> None:
    source = small(viscosity=2e-3)
    test = source.splits()["test"]
    assert source.at((16, 16)).digest() == test.digest()
    for shape in ((12, 12), (24, 24), (20, 32)):
        other = source.at(shape)
        assert other.values.shape == (20, 3, 1, *shape)
        band = min(*shape, 16)
        assert distance(modes(other.values, band), modes(test.values, band)).max() < 1e-5, shape
    names = [name for name in os.listdir(folder) if "20x32" in name]
    assert len(names) == 1
    before = (folder / names[0]).stat().st_mtime_ns
    source.at((20, 32))
    assert (folder / names[0]).stat().st_mtime_ns == before


def test_the_solver_has_converged_in_space_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A viscous short case, against twice the points and four times the steps."""
    source = small(viscosity=2e-3)
    points, substeps = source.discretisation((24, 24))
    coarse = source._trajectories(range(2), (24, 24))
    monkeypatch.setattr(source, "discretisation", lambda shape: (2 * points, 4 * substeps))
    fine = source._trajectories(range(2), (24, 24))
    assert distance(modes(coarse, 24), modes(fine, 24)).max() < 1e-5
    assert np.abs(fine[:, 2] - fine[:, 0]).max() > 0.1


def test_thediscretisation_is_a_matter_of_parameters() -> None:
    assert NavierStokes().discretisation((64, 64)) == (64, 25)
    assert NavierStokes().discretisation((256, 256)) == (256, 39)
    points, substeps = NavierStokes(viscosity=1e-4).discretisation((64, 64))
    assert points >= 128
    assert substeps > 25
    assert NavierStokes(interval=0.05).discretisation((64, 64))[0] == 96
    assert NavierStokes(forcing={"kind": "none"}).discretisation((64, 64))[1] < 25
    assert (
        NavierStokes(forcing={"kind": "kolmogorov", "strength": 1.0}).discretisation((64, 64))[1]
        > 25
    )
    assert (
        NavierStokes(forcing={"kind": "kolmogorov", "wavenumber": 20}).discretisation((64, 64))[0]
        >= 120
    )


def test_the_default_set_keeps_its_file() -> None:
    """The name of a file that was generated before the variants existed."""
    source = NavierStokes()
    assert source.recipe((64, 64), 240).file == "navier_stokes-64-d4f50e9d.h5"
    parameters = {
        "viscosity": 1e-3,
        "amplitude": 0.262,
        "steps": 20,
        "interval": 1.0,
        "forcing": 0.1,
        "solver_version": 1,
    }
    assert source.parameters() == parameters
    forces = [
        {"strength": 0.2},
        {"kind": "kolmogorov"},
        {"kind": "kolmogorov", "wavenumber": 2},
        {"kind": "none"},
    ]
    variants = [{"forcing": force} for force in forces]
    hashes = [
        NavierStokes(**v).recipe((64, 64), 240).hash
        for v in [{}, {"solver": {"precision": "float32"}}, *variants]
    ]  # type: ignore[arg-type]
    assert len(set(hashes)) == len(hashes)
    # What means nothing for a forcing makes no other file.
    assert NavierStokes(forcing={"wavenumber": 2}).parameters() == parameters
    assert (
        NavierStokes(forcing={"kind": "none", "strength": 3.0}).parameters()
        == NavierStokes(forcing={"kind": "none"}).parameters()
    )


@pytest.mark.parametrize("forcing", ["diagonal", "kolmogorov"])
def test_the_forcing_is_what_the_equation_says(forcing: str) -> None:
    f = small(forcing={"kind": forcing, "strength": 0.3, "wavenumber": 3}).force(16)
    x, y = np.meshgrid(*[np.arange(16) / 16] * 2, indexing="ij")
    phase = 2 * math.pi * (x + y)
    expected = (
        np.sin(phase) + np.cos(phase) if forcing == "diagonal" else np.sin(2 * math.pi * 3 * y)
    )
    np.testing.assert_allclose(f.numpy(), 0.3 * expected, atol=1e-14)


@pytest.mark.parametrize("forcing", ["diagonal", "kolmogorov", "none"])
def test_laminar_flows_are_exact(monkeypatch: pytest.MonkeyPatch, forcing: str) -> None:
    """From rest a forcing of one wavenumber only grows: F (1 - exp(-lambda t))/lambda times its
    shape. Without it, waves decay.
    """
    source = small(forcing={"kind": forcing, "wavenumber": 2}, steps=3)
    squared = {"diagonal": 2, "kolmogorov": 4, "none": 4}[forcing] * 4 * math.pi**2
    rate = 1e-2 * squared
    # Taylor-Green vortices, which do not advect themselves either: 2^2 + 0 or 1 + 1 waves.
    wave = (
        small(
            forcing={"kind": "kolmogorov" if forcing == "none" else forcing, "wavenumber": 2}
        ).force(48)
        / 0.1
    )
    begin = wave if forcing == "none" else torch.zeros_like(wave)
    monkeypatch.setattr(
        "neurop.datasets.navier_stokes.random_field", lambda *_, **__: begin[None].clone()
    )
    frames = source._trajectories(range(1), (48, 48))[0, :, 0]
    for t in range(4):
        size = math.exp(-rate * t) if forcing == "none" else 0.1 * -math.expm1(-rate * t) / rate
        np.testing.assert_allclose(frames[t], size * wave.numpy(), atol=2e-7)


@pytest.mark.parametrize("forcing", ["kolmogorov", "none"])
def test_variants_have_converged(monkeypatch: pytest.MonkeyPatch, forcing: str) -> None:
    source = small(
        viscosity=1e-3, forcing={"kind": forcing, "strength": 0.5}, steps=1, amplitude=0.6
    )
    points, substeps = source.discretisation((16, 16))
    runs = {}
    for count in (substeps // 4, substeps // 2, substeps, 4 * substeps):
        monkeypatch.setattr(source, "discretisation", lambda shape, count=count: (points, count))
        runs[count] = modes(source._trajectories(range(1), (16, 16)), 16)
    *counts, most = runs
    errors = [float(distance(runs[count], runs[most]).max()) for count in counts]
    assert errors[2] < 1e-6
    assert math.log(errors[0] / errors[1]) / math.log(counts[1] / counts[0]) > 3.7
    monkeypatch.setattr(source, "discretisation", lambda shape: (2 * points, 4 * substeps))
    finer = source._trajectories(range(1), (16, 16))
    assert distance(runs[most], modes(finer, 16)).max() < 1e-5
    assert np.abs(finer[:, 1] - finer[:, 0]).max() > 0.3


def test_without_forcing_energy_and_enstrophy_decay() -> None:
    w = torch.from_numpy(
        small(viscosity=2e-3, forcing={"kind": "none"}).splits()["test"].values
    ).double()
    for name in ("energy", "enstrophy"):
        assert (INVARIANTS[name](w).diff(dim=1) < 0).all(), name
    assert (
        small(viscosity=2e-3, forcing={"kind": "none"}).splits()["test"].attributes["forcing"]
        == 0.0
    )


def test_single_precision_stays_close() -> None:
    double, single = (
        small(viscosity=2e-3, solver={"precision": p})._trajectories(range(2), (32, 32))
        for p in ("float64", "float32")
    )
    gap = distance(modes(single, 32), modes(double, 32)).max()
    assert 1e-9 < gap < 2e-6


def test_the_random_fields_are_drawn_on_the_cpu_whatever_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    monkeypatch.setattr(
        "neurop.datasets.navier_stokes.compute_device",
        lambda: asked.append(1) or torch.device("cpu"),
    )
    small()._trajectories(range(1), (16, 16))
    assert asked == [1]


@pytest.mark.slow
def test_the_default_set_agrees_with_256_points() -> None:
    source = NavierStokes()
    coarse, fine = (source._trajectories(range(1), (n, n)) for n in (64, 256))
    assert distance(modes(coarse, 64), modes(fine, 64)).max() < 1e-6


def test_the_mean_stays_zero_and_forcing_feeds_the_flow() -> None:
    w = torch.from_numpy(small(steps=2).splits()["test"].values).double()
    assert INVARIANTS["mean"](w).abs().max() < 1e-7
    long = torch.from_numpy(small(viscosity=2e-3).splits()["test"].values).double()
    energy = INVARIANTS["energy"](long).mean((0, 2))
    assert energy[2] > energy[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 40}, "use 41 or more"),
        ({"resolution": 4}, "use 8 or more"),
        ({"steps": 0}, "use 1 or more"),
        ({"viscosity": 0.0}, "above 0"),
        ({"amplitude": float("nan")}, "above 0"),
        ({"interval": float("inf")}, "above 0"),
        ({"viscosity": 1e-9}, "use a larger viscosity"),
        ({"forcing": {"kind": "kolmogorof"}}, "did you mean 'kolmogorov'"),
        ({"forcing": {"strength": -1.0}}, "above 0"),
        ({"forcing": {"wavenumber": 0}}, "use 1 or more"),
        ({"solver": {"precision": "float16"}}, "did you mean 'float"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(32,), (4, 4), (8, 8, 8)])
def test_a_shape_that_is_none_is_one_line(shape: tuple[int, ...]) -> None:
    with raises_input("shape", shape):
        small().at(shape)


def test_an_overflow_is_reported_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    source = small(amplitude=1e4, viscosity=1e-3, storage={"seed": 5})
    monkeypatch.setattr(source, "discretisation", lambda shape: (16, 1))
    with raises_input("viscosity", 1e-3):
        source.splits()


def test_reading_returns_what_was_generated() -> None:
    first, second = small().splits()["train"], small().splits()["train"]
    assert isinstance(first, FieldSet)
    assert first.digest() == second.digest()
