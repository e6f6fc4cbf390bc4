"""Matrices as operations of a graph are those of the engine, also at sizes unknown to the graph."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor, nn
from torch._dynamo.exc import UserError
from torch.export import Dim

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral import analysis_matrix, resample, symbolic
from neurop.spectral.axis_bases import least_points, natural_basis, spacing
from neurop.spectral.bases import Basis, Cosine, Fourier, Sine
from neurop.spectral.chebyshev import Chebyshev
from neurop.spectral.matrices import synthesis_matrix

CPU = torch.device("cpu")
BASES = [Fourier(4), Fourier(3, 1.25), Cosine(5), Cosine(4, 0.03), Sine(4)]
AXES = [Axis("x", "open", layout=layout) for layout in ("left", "ends", "cells", "chebyshev")]
PAIRS = [*itertools.product(BASES, AXES), *((Chebyshev(m), AXES[-1]) for m in (2, 9))]


@pytest.mark.parametrize(("basis", "axis"), PAIRS, ids=str)
def test_they_are_the_matrices_of_numpy(basis: Basis, axis: Axis) -> None:
    for n in (2, 9, 16):
        at = axis.points(n)
        frequencies, phases = basis.waves()
        angle = isinstance(basis, Chebyshev)
        argument = np.arccos(2 * at - 1) if angle else at + basis.shift
        waves = np.cos(frequencies * argument[:, None] - phases)
        np.testing.assert_allclose(waves, basis.functions(at), atol=1e-14)
        of = (axis, n, torch.float64, CPU)
        for made, known in (
            (symbolic.analysis(basis, *of), analysis_matrix(basis, basis.modes, *of)),
            (symbolic.synthesis(basis, *of), synthesis_matrix(basis, basis.modes, *of)),
        ):
            torch.testing.assert_close(made, known, atol=1e-13, rtol=0)


def test_chebyshev_coefficients_of_uniform_points_are_refused() -> None:
    with raises_input("layout", "ends", "x: .*'chebyshev'"):
        symbolic.analysis(Chebyshev(3), AXES[1], 4, torch.float64, CPU)


@pytest.mark.parametrize(("basis", "axis"), PAIRS, ids=str)
def test_least_points(basis: Basis, axis: Axis) -> None:
    n = least_points(basis, axis)
    assert basis.resolved(spacing(axis, n)) >= basis.modes
    assert n == 2 or basis.resolved(spacing(axis, n - 1)) < basis.modes


class Carried(nn.Module):
    """The projection of a field on the band of 8 x 7 points, as of a band limit."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        return resample(x, self.grid, tuple(x.shape[1:]), band=(8, 7))


def test_a_graph_of_open_sizes_projects_and_says_which_sizes_it_takes() -> None:
    grid = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="left")))
    carried, x = Carried(grid), torch.randn(2, 12, 13, dtype=torch.float64)
    sizes = {0: Dim("batch", min=1), 1: Dim("x", min=8), 2: Dim("y", min=7)}
    program = torch.export.export(carried, (x,), dynamic_shapes=(sizes,)).module()
    for shape in ((1, 12, 13), (3, 8, 7), (2, 31, 20)):
        x = torch.randn(shape, dtype=torch.float64)
        torch.testing.assert_close(program(x), carried(x), atol=1e-12, rtol=0)
    # The sines of 8 points with both ends are 6; natural bases of the rest are of as many points.
    assert natural_basis(grid.axes[0], 1, 8).resolved(spacing(grid.axes[0], 8)) == 6
    coarse = {**sizes, 1: Dim("x", min=4)}
    with pytest.raises(UserError, match="min=8"):
        torch.export.export(carried, (x,), dynamic_shapes=(coarse,))


def test_a_graph_of_open_sizes_cuts_polynomials() -> None:
    carried = Carried(Grid((AXES[-1], Axis("y"))))
    sizes = {0: Dim("batch", min=1), 1: Dim("x", min=8), 2: Dim("y", min=7)}
    x = torch.randn(2, 12, 13, dtype=torch.float64)
    program = torch.export.export(carried, (x,), dynamic_shapes=(sizes,)).module()
    for shape in ((1, 12, 13), (3, 8, 7), (2, 31, 20)):
        x = torch.randn(shape, dtype=torch.float64)
        torch.testing.assert_close(program(x), carried(x), atol=1e-12, rtol=0)
