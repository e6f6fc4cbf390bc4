"""Points, weights and measures as operations of a graph are those of the geometry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor, nn
from torch.export import Dim

from neurop.geometry import symbolic
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y", "neumann", layout="cells"), Axis("z")))
SPHERES = [Grid.latlon(), Grid.latlon(north_first=False, poles=False)]
RADIANS = Sphere(
    (
        Axis("latitude", "open", -np.pi / 2, np.pi, "radians", "ends"),
        replace(SPHERES[0].axes[1], unit="radians", length=2 * np.pi),
    )
)
TIMES = Grid((Axis("t", "open", layout="chebyshev"), Axis("x"), WALLS.axes[0]))
GRIDS = [WALLS, TIMES, Grid.periodic(2), *SPHERES, RADIANS]


@pytest.mark.parametrize("grid", GRIDS, ids=range(len(GRIDS)))
def test_they_are_those_of_numpy(grid: Grid) -> None:
    shape = (5, 8, 3)[: grid.dimensions]
    for axis, n in zip(grid.axes, shape, strict=True):
        np.testing.assert_allclose(symbolic.points(axis, n), axis.points(n), atol=1e-15)
        np.testing.assert_allclose(symbolic.weights(axis, n), axis.weights(n), atol=1e-15)
    made = symbolic.measure(grid, shape, torch.ones((), dtype=torch.float64))
    np.testing.assert_allclose(made, grid.weights(shape), atol=1e-14)


def test_gauss_points_are_refused() -> None:
    with raises_input("layout", "gauss"):
        symbolic.points(Grid.latlon(gauss=True).axes[0], 4)


@pytest.mark.parametrize("n", [2, 3, 4, 9, 64])
def test_clenshaw_curtis_is_that_of_numpy(n: int) -> None:
    axis = TIMES.axes[0]
    np.testing.assert_allclose(symbolic.points(axis, n), axis.points(n), atol=1e-15)
    np.testing.assert_allclose(symbolic.weights(axis, n), axis.weights(n), atol=1e-15)


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x * SPHERES[0].measure(x.shape, x)).mean()


def test_a_graph_has_the_measure_of_a_size_that_it_was_not_made_with() -> None:
    sizes = {0: Dim("latitude", min=2), 1: Dim("longitude", min=2)}
    program = torch.export.export(Mean(), (torch.ones(5, 8),), dynamic_shapes=(sizes,)).module()
    for shape in ((5, 8), (7, 4), (12, 13)):
        x = torch.randn(shape)
        torch.testing.assert_close(program(x), Mean()(x))
