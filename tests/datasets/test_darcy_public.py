import numpy as np
import pytest
from raising import raises_input

from neurop.datasets import DarcyPublic


def test_splits_are_apart_and_ordered():
    splits = DarcyPublic().splits()
    assert {name: (len(s), s.shape, s.has_targets) for name, s in splits.items()} == {
        "train": (980, (16, 16), True),
        "val": (20, (16, 16), True),
        "test": (50, (16, 16), True),
    }
    assert (
        len(
            np.unique(
                np.concatenate([s.targets.reshape(len(s), -1) for s in splits.values()]), axis=0
            )
        )
        == 1050
    )
    some = DarcyPublic(train=10, val=100).splits()
    np.testing.assert_array_equal(some["train"].targets, splits["train"].targets[:10])
    np.testing.assert_array_equal(some["val"].targets[80:], splits["val"].targets)


def test_test_sets_are_one_field_at_two_resolutions():
    source = DarcyPublic()
    coarse, fine = source.at((16, 16)), source.at((32, 32))
    assert coarse.digest() == source.splits()["test"].digest()
    np.testing.assert_array_equal(coarse.values, fine.values[..., ::2, ::2])
    np.testing.assert_array_equal(coarse.targets, fine.targets[..., ::2, ::2])
    np.testing.assert_array_equal(
        coarse.grid.coordinates((16, 16))["x"], fine.grid.coordinates((32, 32))["x"][::2]
    )


def test_points_lie_at_j_over_n_with_zero_boundary():
    y = DarcyPublic().at((32, 32)).targets[:, 0, 0].astype(np.float64)
    norm = np.linalg.norm(y)
    for rows in (y, y.swapaxes(1, 2)):
        assert np.linalg.norm(rows[:, 0]) < 3e-3 * norm
        assert np.linalg.norm(rows[:, -1]) > 3e-2 * norm
        # The quadratic through the last three points meets zero one spacing after them.
        beyond = 3 * rows[:, -1] - 3 * rows[:, -2] + rows[:, -3]
        assert abs(beyond.mean()) < 0.05 * rows[:, -1].mean()


def test_laplacian_tells_the_phases_apart():
    fine = DarcyPublic().at((32, 32))
    x, y = fine.values[:, 0, 0], fine.targets[:, 0, 0].astype(np.float64)
    laplacian = 32**2 * (
        y[:, 2:, 1:-1] + y[:, :-2, 1:-1] + y[:, 1:-1, 2:] + y[:, 1:-1, :-2] - 4 * y[:, 1:-1, 1:-1]
    )
    share = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2)).mean((-1, -2))
    assert laplacian[share == 0].mean() == pytest.approx(-50.2, abs=0.1)
    assert laplacian[share == 1].mean() == pytest.approx(-2.78, abs=0.01)


def test_names_units_and_conventions():
    source = DarcyPublic()
    test = source.splits()["test"]
    assert (source.name, source.problem, test.source) == ("darcy_public", None, "darcy_test_16.pt")
    assert [(f.name, f.unit) for f in (*test.fields, *test.target_fields)] == [
        ("permeability", "1"),
        ("pressure", "1"),
    ]
    assert [(a.name, a.boundary, a.layout) for a in test.grid.axes] == [
        ("x", "dirichlet", "left"),
        ("y", "dirichlet", "left"),
    ]


@pytest.mark.parametrize("shape", [(64, 64), (16, 32), (32,)])
def test_other_resolutions_are_an_input_error(shape):
    with raises_input("shape", shape):
        DarcyPublic().at(shape)


@pytest.mark.parametrize(
    ("sizes", "key", "value"),
    [((951, 50), "train", 951), ((0, 20), "train", 0), ((900, 0), "val", 0)],
)
def test_sizes_are_bounded(sizes, key, value):
    with raises_input(key, value):
        DarcyPublic(*sizes)
