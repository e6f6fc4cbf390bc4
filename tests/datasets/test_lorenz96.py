"""Pairs of slow variables and closure: those of the solver, splits without common trajectories."""

from pathlib import Path

import numpy as np
import pytest
from raising import leaf, raises_input

from neurop.datasets.lorenz96 import Lorenz96
from neurop.physics.random_fields.periodic import normals
from neurop.physics.solvers.lorenz96 import Scales, rk4


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(tmp_path))


def small(samples: int = 48, resolution: int = 8, **changes: object) -> Lorenz96:
    given = {"frames": 4, "warmup": 1.0, "scales": {"fast": 6}, "memory": 0.05, **changes}
    return Lorenz96(samples, resolution, **given)  # type: ignore[arg-type]


def test_samples_are_snapshots_of_the_solver() -> None:
    """Integrated here with a quarter of the step."""
    source, scales = small(), Scales(6)
    splits = source.splits()
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 8,
        "val": 20,
        "test": 20,
    }
    noise = normals(range(1), 8 * 7)
    state = (5 * noise[:, :8], 0.1 * noise[:, 8:])
    times = (1.15, 0.05, 0.15, 0.05)
    found = []
    for time in times:
        steps = round(time * 800)
        state = rk4(lambda s: scales.tendency((s[0], s[1]), 20.0), state, 1 / 800, steps)  # type: ignore[assignment]
        found.append(state)
    test = splits["test"]
    assert [field.name for field in (*test.fields, *test.target_fields)] == [
        "slow",
        "earlier",
        "closure",
    ]
    for sample, (before, now) in enumerate((found[:2], found[2:])):
        values, targets = np.asarray(test.values)[sample, 0], np.asarray(test.targets)[sample, 0]
        np.testing.assert_allclose(values[0], now[0][0], rtol=0, atol=2e-3)
        np.testing.assert_allclose(values[1], before[0][0], rtol=0, atol=2e-3)
        exact = -0.4 * now[1].reshape(8, 6).sum(1)
        np.testing.assert_allclose(targets[0], exact, rtol=0, atol=2e-3)


def test_any_part_is_that_of_the_set() -> None:
    """Bit for bit, as chaos would magnify any difference by far over the warm-up."""
    late = small(warmup=6.0)
    parts = late.solve(range(12), (8,))
    for name, values in late.solve(range(7, 11), (8,)).items():
        np.testing.assert_array_equal(values, parts[name][7:11])
    parts = small().solve(range(12), (8,))
    without = small(memory=0.0).solve(range(12), (8,))
    assert without["values"].shape == (12, 1, 1, 8)
    np.testing.assert_allclose(without["values"], parts["values"][:, :, :1], rtol=0, atol=1e-2)


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": 3},
        {"frames": 0},
        {"interval": 0.0},
        {"memory": 0.2},
        {"warmup": -1.0},
        {"forcing": float("inf")},
        {"scales": {"speed": 0.0}},
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object]) -> None:
    with raises_input(*leaf(changes)):
        small(**changes)  # type: ignore[arg-type]
