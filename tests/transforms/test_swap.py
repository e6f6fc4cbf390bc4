"""Exchange of equal axes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from contracts.transform import TransformContract, noise, refused, setting

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.transforms.swap import Swap


class TestSwap(TransformContract):
    transform = Swap()
    symmetry = True


def test_only_equal_axes_are_exchanged() -> None:
    grid = Grid((Axis("x"), Axis("y", "open", layout="ends"), Axis("z")))
    x = noise(64, 1, (4, 4, 4))
    where = setting(grid, (8, 8, 8))
    made = Swap()({"input": x}, where, np.random.default_rng(0), 0.0)["input"]
    turned = [torch.equal(a, b.transpose(-3, -1)) for a, b in zip(made, x)]
    assert all(torch.equal(a, b) for a, b, t in zip(made, x, turned) if not t)
    assert 16 < sum(turned) < 48


@pytest.mark.parametrize(
    "grid",
    [
        Grid((Axis("x", "dirichlet"), Axis("y", "dirichlet", length=2.0))),
        Grid((Axis("x", "dirichlet"), Axis("y"))),
        Grid.latlon(),
    ],
)
def test_axes_that_differ_are_refused(grid: Grid) -> None:
    refused(Swap(), setting(grid), "augment", "swap")
