"""Mirror images are samples of the same problem."""

from __future__ import annotations

import numpy as np
import torch
from contracts.transform import TransformContract, refused, setting
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.transforms.mirror import Mirror
from neurop.transforms.swap import Swap
from neurop.transforms.transform import Transform

WALLS = Grid((Axis("x", "dirichlet"), Axis("y", "dirichlet")))
MESH = Grid((Axis("x", "open", layout="ends"), Axis("y", "open", layout="ends")))


class TestMirror(TransformContract):
    transform = Mirror()
    symmetry = True


def poisson(n: int = 12) -> tuple[Tensor, Tensor]:
    """Return sources and the exact solutions of -lap u = f with zero boundary: few sine modes,
    without any symmetry.
    """
    x = torch.arange(n) / n
    f, u = torch.zeros(64, n, n), torch.zeros(64, n, n)
    for i, j, a in ((1, 1, 1.0), (2, 1, 0.7), (1, 2, -0.4)):
        wave = a * torch.sin(torch.pi * i * x)[:, None] * torch.sin(torch.pi * j * x)
        f, u = f + wave, u + wave / (torch.pi**2 * (i * i + j * j))
    return f[:, None, None], u[:, None, None]


def orbit(transforms: list[Transform], f: Tensor, u: Tensor) -> list[tuple[Tensor, Tensor]]:
    batch, where = {"input": f, "target": u}, setting(WALLS, (12, 12))
    for i, transform in enumerate(transforms):
        batch = transform(batch, where, np.random.default_rng(i), 0.0)
    pairs = torch.stack([batch["input"].flatten(1), batch["target"].flatten(1)], 1)
    return list(
        {tuple(p.flatten().mul(1e4).round().tolist()): (p[0], p[1]) for p in pairs}.values()
    )


def test_the_square_has_eight_symmetries() -> None:
    f, u = poisson()
    members = orbit([Mirror(), Swap()], f, u)
    assert len(members) == 8
    sines = torch.sin(torch.pi * torch.arange(1, 5)[:, None] * torch.arange(12) / 12) * (2 / 12)
    scale = torch.pi**2 * (torch.arange(1, 5)[:, None] ** 2 + torch.arange(1, 5) ** 2)
    for source, solution in members:
        a, b = (sines @ z.view(12, 12) @ sines.T for z in (source, solution))
        torch.testing.assert_close(a, b * scale, atol=1e-5, rtol=1e-5)


def test_a_coefficient_keeps_its_neighbour_on_the_wall_and_a_solution_vanishes() -> None:
    grid = Grid((Axis("x", "dirichlet"),))
    x = torch.arange(4.0).expand(64, 1, 1, 4)
    where = setting(grid, (8,), is_state=False)
    turned = Mirror()({"input": x, "target": x}, where, np.random.default_rng(1), 0.0)
    chosen = turned["input"][:, 0, 0, 3] == 1
    assert 16 < int(chosen.sum()) < 48
    assert turned["input"][chosen][0, 0, 0].tolist() == [3, 3, 2, 1]
    assert turned["target"][chosen][0, 0, 0].tolist() == [0, 3, 2, 1]
    assert turned["target"][~chosen][0, 0, 0].tolist() == [0, 1, 2, 3]


def test_a_state_vanishes_on_the_wall_as_its_successor_does() -> None:
    grid = Grid((Axis("x", "dirichlet"),))
    x = torch.arange(4.0).expand(64, 1, 1, 4)
    turned = Mirror()({"input": x, "target": x}, setting(grid, (8,)), np.random.default_rng(1), 0.0)
    assert torch.equal(turned["input"], turned["target"])
    assert {tuple(row) for row in turned["input"][:, 0, 0].tolist()} == {(0, 1, 2, 3), (0, 3, 2, 1)}


def test_both_ends_are_exchanged() -> None:
    x = (torch.arange(5.0).view(5, 1) * 10 + torch.arange(5.0)).expand(64, 1, 1, 5, 5)
    where = setting(MESH, (9, 9), is_state=False)
    turned = Mirror()({"input": x, "target": x}, where, np.random.default_rng(0), 0.0)
    assert sorted({int(t[0, 0, 0, 0]) for t in turned["input"]}) == [0, 4, 40, 44]
    assert torch.equal(turned["input"], turned["target"])


def test_a_sphere_is_refused() -> None:
    refused(Mirror(), setting(Grid.latlon()), "augment", "mirror")
