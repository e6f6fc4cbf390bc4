"""The greedy walk, against its definition and the length of the given order."""

import numpy as np
import pytest
from raising import raises_input

from neurop.physics.krylov.order import greedy_order


def length(fields: np.ndarray, order: np.ndarray) -> float:
    steps = np.diff(fields[order].reshape(len(fields), -1), axis=0)
    return float(np.linalg.norm(steps, axis=1).sum())


@pytest.mark.parametrize("shape", [(4,), (3, 2)])
@pytest.mark.parametrize("factor", [1.0, 1 + 2j])
def test_each_next_field_is_the_nearest_left(shape: tuple[int, ...], factor: complex) -> None:
    fields = np.random.default_rng(0).standard_normal((30, *shape)) * factor
    order = greedy_order(fields)
    assert order[0] == 0
    assert sorted(order) == list(range(30))
    for i in range(29):
        apart = [np.linalg.norm(fields[order[i]] - fields[j]) for j in order[i + 1 :]]
        assert np.argmin(apart) == 0
    assert length(fields, order) < 0.8 * length(fields, np.arange(30))


def test_points_of_a_line_come_in_their_order() -> None:
    shuffled = np.random.default_rng(1).permutation(20)
    shuffled[[0, int(np.argmin(shuffled))]] = shuffled[[int(np.argmin(shuffled)), 0]]
    assert shuffled[greedy_order(shuffled[:, None])].tolist() == list(range(20))


def test_a_field_that_is_not_finite() -> None:
    with raises_input("fields", 2):
        greedy_order([[0.0], [1.0], [np.nan]])
