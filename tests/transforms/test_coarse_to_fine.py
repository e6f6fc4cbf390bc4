"""The first part of a training on a coarse grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from contracts.transform import TransformContract, laplacian, refused, setting
from small import evolution, values
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.transforms.coarse_to_fine import CoarseToFine


class TestCoarseToFine(TransformContract):
    transform = CoarseToFine((5, 5), share=0.6)
    progress = 0.5
    random = False
    symmetry = True

    def solve(self, x: Tensor) -> Tensor:
        """Truncation commutes with every linear operator that knows no place."""
        return laplacian(x) + x


@pytest.mark.parametrize(
    ("progress", "shape"), [(0.0, (5, 6)), (0.599, (5, 6)), (0.6, (9, 8)), (1.0, (9, 8))]
)
def test_the_first_share_is_on_the_coarse_grid(progress: float, shape: tuple[int, int]) -> None:
    x = torch.from_numpy(evolution().values)
    batch = {"input": x[:, :2], "target": x[:, 2:4]}
    where = setting(shape=(9, 8))
    found = CoarseToFine((5, 6), 0.6)(batch, where, np.random.default_rng(0), progress)
    # The same waves, sampled on the grid of that moment.
    expected = torch.from_numpy(values(shape))
    torch.testing.assert_close(found["input"], expected[:, :2], atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(found["target"], expected[:, 2:4], atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("shape", [(5,), (5, 9), (0, 4), (4, 4, 4)])
def test_a_grid_that_is_not_coarser_is_refused(shape: tuple[int, ...]) -> None:
    refused(CoarseToFine(shape), setting(shape=(9, 8)), "shape", shape)


def test_walls_are_refused() -> None:
    grid = Grid((Axis("x", "dirichlet"), Axis("y")))
    refused(CoarseToFine((4, 4)), setting(grid), "shape", (4, 4))


def test_a_network_of_one_grid_is_refused() -> None:
    where = replace(setting(shape=(9, 8)), resolution_invariant=False)
    refused(CoarseToFine((4, 4)), where, "shape", (4, 4))


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(InputError) as error:
        CoarseToFine((4, 4), share)
    assert (error.value.key, error.value.value) == ("share", share)
