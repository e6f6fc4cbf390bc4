from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.darcy import Darcy
from neurop.fields.field import Field
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.cosine import cosine_field, cosine_std
from neurop.physics.solvers.darcy import solve_darcy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(folder))
    monkeypatch.setenv("NEUROP_DEVICE", "cpu")


def small(samples: int = 43, resolution: int = 16, solver: int = 61, **changes: object) -> Darcy:
    return Darcy(samples, resolution, solver=solver, **changes)  # type: ignore[arg-type]


def test_splits_have_the_promised_samples_and_labels() -> None:
    splits = small().splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 3,
        "val": 20,
        "test": 20,
    }
    for split in splits.values():
        assert split.has_targets
        assert split.targets is not None
        assert split.values.shape[1:] == split.targets.shape[1:] == (1, 1, 16, 16)
        assert split.values.dtype == split.targets.dtype == np.float32
        assert (split.fields, split.outputs) == (
            (Field("permeability", "1", "permeability"),),
            (Field("pressure", "1", "pressure"),),
        )
        assert split.grid == Grid(
            (Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends"))
        )
        assert set(np.unique(split.values)) == {3.0, 12.0}
        assert split.attributes["coefficient"] == "piecewise"
        assert split.attributes["solver"] == 61
        assert "solver_version" in split.attributes
    assert small().name == "darcy"


@pytest.mark.parametrize("coefficient", ["piecewise", "lognormal"])
def test_the_stored_pair_solves_the_equation_on_the_solver_grid(coefficient: str) -> None:
    """At the solver's own resolution the stored pressure is the solution for the stored
    permeability.
    """
    source = small(resolution=61, coefficient={"kind": coefficient})
    made = source.solve(range(5), (61, 61))
    a, u = (
        torch.from_numpy(np.array(made[name])).double()[:, 0, 0] for name in ("values", "targets")
    )
    assert (solve_darcy(a, tolerance=1e-8) - u).norm() < 2e-6 * u.norm()
    assert u[:, [0, -1]].abs().max() == 0
    assert u[:, 1:-1, 1:-1].min() > 0


def test_the_coefficient_is_the_random_field_of_its_number_at_any_resolution() -> None:
    g = cosine_field([2, 7], (61, 61), alpha=2.0, tau=3.0, modes=421)
    both = torch.where(g >= 0, 5.0, 0.5)
    for number, a in zip((2, 7), both.double()):
        assert torch.equal(
            small(coefficient={"low": 0.5, "high": 5.0}).permeability(range(number, number + 1))[0],
            a,
        )
        coarse = small(coefficient={"low": 0.5, "high": 5.0}, solver=31).permeability(
            range(number, number + 1)
        )[0]
        assert torch.equal(coarse, a[::2, ::2])
    share = float((small(solver=31).permeability(range(30)) == 12).double().mean())
    assert share == pytest.approx(0.5, abs=0.15)


def test_sigma_is_the_deviation_of_the_logarithm() -> None:
    field = {"alpha": 2.0, "tau": 3.0, "modes": 421}
    g = cosine_field(range(3), (31, 31), **field)  # type: ignore[arg-type]
    for sigma in (0.5, 2.0):
        a = small(solver=31, coefficient={"kind": "lognormal", "sigma": sigma}).permeability(
            range(3)
        )
        torch.testing.assert_close(a.log(), sigma * g / cosine_std(2, **field))  # type: ignore[arg-type]


def test_every_resolution_shows_one_solution() -> None:
    source = small()
    test = source.splits()["test"]
    fine = source.at((61, 61))
    assert source.at((16, 16)).digest() == test.digest()
    for other, step in (
        (test, (4, 4)),
        (source.at((31, 31)), (2, 2)),
        (source.at((21, 11)), (3, 6)),
    ):
        for name in ("values", "targets"):
            np.testing.assert_array_equal(
                getattr(other, name), getattr(fine, name)[..., :: step[0], :: step[1]]
            )


def test_a_sample_depends_on_seed_and_number_alone() -> None:
    few, more = small(43).splits(), small(48).splits()
    for name in ("test", "val"):
        assert few[name].digest() == more[name].digest()
    np.testing.assert_array_equal(few["train"].targets, more["train"].targets[:3])  # type: ignore[index]
    source = small()
    whole = source.solve(range(7), (16, 16))
    for numbers in (range(6, 7), range(3, 6), range(1, 7)):
        np.testing.assert_allclose(
            source.solve(numbers, (16, 16))["targets"],
            whole["targets"][numbers.start : numbers.stop],
            rtol=1e-6,
        )
    other = small(storage={"seed": 1}).solve(range(7), (16, 16))["targets"]
    assert np.abs(other - whole["targets"]).max() > 0.1 * whole["targets"].max()


def test_other_solvers_and_face_means_give_nearly_the_same_solution() -> None:
    reference = small().solve(range(5), (16, 16))["targets"]
    for changes, bound in (({"solver": 121}, 0.04), ({"faces": "arithmetic"}, 0.06)):
        other = small(**changes).solve(range(5), (16, 16))["targets"]  # type: ignore[arg-type]
        assert 1e-4 < np.linalg.norm(other - reference) / np.linalg.norm(reference) < bound


def test_the_resolutions_of_the_default_hold_those_of_the_paper() -> None:
    assert {16, 85, 141, 211, 421} <= set(Darcy().resolutions())
    assert small().resolutions() == (11, 13, 16, 21, 31, 61)


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": 40},
        {"resolution": 17},
        {"solver": 8},
        {"solver": 75},
        {"coefficient": {"kind": "lognorml"}},
        {"faces": "mean"},
        {"coefficient": {"low": 0.0}},
        {"coefficient": {"high": float("inf")}},
        {"coefficient": {"sigma": float("nan")}},
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object]) -> None:
    with raises_input(*leaf(changes)):
        small(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(31,), (31, 31, 31), (30, 31)])
def test_a_shape_that_is_none_is_one_line(shape: tuple[int, ...]) -> None:
    key, value = ("shape", shape) if len(shape) != 2 else ("resolution", 30)
    with raises_input(key, value):
        small().at(shape)
