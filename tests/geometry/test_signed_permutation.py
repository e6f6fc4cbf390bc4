from __future__ import annotations

import numpy as np
import pytest
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.signed_permutation import check_cube, quotients, symmetries


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_maps_are_the_orthogonal_matrices_of_integers(dimensions: int) -> None:
    group = symmetries(dimensions)
    matrices = [np.array(g.matrix) for g in group]
    one = np.eye(dimensions)
    assert np.array_equal(matrices[0], one)
    assert len({g.matrix for g in group}) == len(group)
    for g, m in zip(group, matrices, strict=True):
        assert np.array_equal(m @ m.T, one)
        assert np.array_equal(np.array(g.inverse.matrix), m.T)
        assert g.determinant == round(np.linalg.det(m))
        for h, n in zip(group, matrices, strict=True):
            assert np.array_equal(np.array((g @ h).matrix), m @ n)
    kinds = [g.determinant for g in group]
    assert kinds == sorted(kinds, reverse=True)
    assert sum(kinds) == 0


def test_quotients_are_places_in_the_group() -> None:
    group = symmetries(2)
    for g, row in zip(group, quotients(group), strict=True):
        assert [g @ group[place] for place in row] == list(group)


def test_grids_that_are_no_cubes() -> None:
    check_cube(Grid.periodic(3))
    check_cube(Grid((Axis("x", length=2.0), Axis("y", start=1.0, length=-2.0))))
    for axes in (
        (Axis("x"), Axis("y", length=2.0)),
        (Axis("x"), Axis("y", layout="cells")),
        (Axis("x"), Axis("y", "open", layout="ends")),
        (Axis("x", "open"), Axis("y", "open")),
    ):
        with raises_input("domain", "x, y"):
            check_cube(Grid(axes))
