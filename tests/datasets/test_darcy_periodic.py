import math
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.datasets.darcy_periodic import DarcyPeriodic
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.physics.solvers.darcy_periodic import solve_darcy_periodic


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(tmp_path))
    monkeypatch.setenv("NEUROP_DEVICE", "cpu")


def small(
    samples: int = 9, resolution: int = 17, solver: int = 21, **changes: object
) -> DarcyPeriodic:
    return DarcyPeriodic(samples, resolution, solver=solver, storage={"held_out": 3}, **changes)  # type: ignore[arg-type]


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {"train": 3, "val": 3, "test": 3}
    for split in splits.values():
        assert split.targets is not None
        assert split.values.shape[1:] == split.targets.shape[1:] == (1, 1, 17, 17)
        assert split.values.dtype == split.targets.dtype == np.float32
        assert (split.fields, split.outputs) == (
            (Field("permeability", "1", "permeability"),),
            (Field("pressure", "1", "pressure"),),
        )
        assert split.grid == Grid.periodic(2)
        assert (split.attributes["ell"], split.attributes["solver"]) == (0.25, 21)


def test_the_stored_pair_solves_the_equation_on_the_solver_grid() -> None:
    made = small().solve(range(3), (21, 21))
    a, u = (torch.from_numpy(made[name]).double()[:, 0, 0] for name in ("values", "targets"))
    x = 2 * math.pi * torch.arange(21, dtype=torch.float64) / 21
    f = 8 * math.pi**2 * x.sin()[:, None] * x.sin()
    assert (solve_darcy_periodic(a, f) - u).norm() < 1e-6 * u.norm()
    assert u.mean((1, 2)).abs().max() < 1e-7


def test_every_resolution_is_a_truncation_of_one_solution() -> None:
    source = small()
    fine, coarse = (source.solve(range(3), (n, n)) for n in (21, 9))
    for name in ("values", "targets"):
        hats = [np.fft.fft2(made[name], norm="forward") for made in (fine, coarse)]
        kept = [np.r_[0:5, n - 4 : n] for n in (21, 9)]
        whole, part = (hat[..., k[:, None], k] for hat, k in zip(hats, kept))
        np.testing.assert_allclose(part, whole, atol=1e-6)
    assert source.at((9, 9)).values.shape == (3, 1, 1, 9, 9)


def test_log_a_has_the_deviation_and_the_correlation_that_are_asked_for() -> None:
    a = DarcyPeriodic(samples=100, sigma=0.7).permeability(range(200)).log()
    assert float(a.std()) == pytest.approx(0.7, rel=0.05)
    # Matern of smoothness 3 at a distance of ell, without its mean and with periodic images.
    moved = [float((a * a.roll(9 * i, 2)).mean() / a.square().mean()) for i in (1, 2)]
    assert moved[0] > 0.4 > 0.1 > moved[1]
    long = DarcyPeriodic(samples=100, ell=0.5).permeability(range(50)).log()
    short = DarcyPeriodic(samples=100, ell=0.1).permeability(range(50)).log()
    steps = [float(g.diff(dim=1).square().mean() / g.square().mean()) for g in (long, short)]
    assert steps[1] > 4 * steps[0]


def test_a_sample_depends_on_seed_and_number_alone() -> None:
    whole = small().solve(range(4), (17, 17))["targets"]
    np.testing.assert_allclose(
        small().solve(range(2, 4), (17, 17))["targets"], whole[2:], rtol=1e-5, atol=1e-6
    )
    finer = small(solver=33).solve(range(4), (17, 17))["targets"]
    assert np.linalg.norm(finer - whole) < 1e-4 * np.linalg.norm(whole)


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"solver": 20}, "solver", 20),
        ({"solver": 7}, "solver", 7),
        ({"resolution": 22}, "resolution", 22),
        ({"ell": 0.0}, "ell", 0.0),
        ({"sigma": -1.0}, "sigma", -1.0),
    ],
)
def test_unusable_parameters_are_one_line(
    changes: dict[str, object], key: str, value: float
) -> None:
    with raises_input(key, value):
        small(**changes)  # type: ignore[arg-type]


def test_a_grid_finer_than_the_solver_is_refused() -> None:
    with raises_input("resolution", 33):
        small().at((33, 33))
