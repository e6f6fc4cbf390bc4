"""Translation along periodic axes, one offset per sample."""

from __future__ import annotations

import numpy as np
import torch
from contracts.transform import TransformContract, noise, refused, setting

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.transforms.shift import Shift


class TestShift(TransformContract):
    transform = Shift()
    symmetry = True


def offsets(made: torch.Tensor, x: torch.Tensor) -> set[tuple[int, int]]:
    """Return the translations of `x` that are equal to the sample `made`."""
    return {
        (i, j)
        for i in range(x.shape[-2])
        for j in range(x.shape[-1])
        if torch.equal(made, x.roll((i, j), (-2, -1)))
    }


def test_each_sample_has_an_offset_of_its_own() -> None:
    """Three equal samples come out as three translations, which reach every point of an axis."""
    x, where = noise(1).expand(3, -1, -1, -1, -1), setting()
    rng, seen = np.random.default_rng(0), set()
    for _ in range(40):
        made = Shift()({"input": x, "target": 2 * x}, where, rng, 0.0)
        found = [offsets(one, x[0]) for one in made["input"]]
        assert [len(one) for one in found] == [1, 1, 1]
        assert torch.equal(made["target"], 2 * made["input"])
        seen |= set().union(*found)
    assert {i for i, _ in seen} == {j for _, j in seen} == set(range(8))
    made = Shift()({"input": x}, where, np.random.default_rng(0), 0.0)["input"]
    assert len({tuple(one.flatten().tolist()) for one in made}) == 3


def test_an_axis_with_walls_and_latitude_stay() -> None:
    for grid in (Grid((Axis("x", "dirichlet"), Axis("y"))), Grid.latlon()):
        x = noise()
        made = Shift()({"input": x}, setting(grid), np.random.default_rng(0), 0.0)["input"]
        for one, before in zip(made, x):
            ((i, _),) = offsets(one, before)
            assert i == 0
        assert not torch.equal(made, x)


def test_a_grid_without_periodic_axis_is_refused() -> None:
    walls = Grid((Axis("x", "dirichlet"), Axis("y", "open")))
    refused(Shift(), setting(walls), "augment", "shift")
