"""Transformed samples are samples of the same problem."""

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.training.symmetries import Symmetries

WALLS = Grid((Axis("x", "dirichlet"), Axis("y", "dirichlet")))
MESH = Grid((Axis("x", "open", layout="ends"), Axis("y", "open", layout="ends")))


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


def orbit(symmetries: Symmetries, f: Tensor, u: Tensor) -> list[tuple[Tensor, Tensor]]:
    batch = symmetries({"input": f, "target": u}, np.random.default_rng(0))
    pairs = torch.stack([batch["input"].flatten(1), batch["target"].flatten(1)], 1)
    return list(
        {tuple(p.flatten().mul(1e4).round().tolist()): (p[0], p[1]) for p in pairs}.values()
    )


def test_the_square_has_eight() -> None:
    f, u = poisson()
    members = orbit(Symmetries(["mirror", "swap"], WALLS, False), f, u)
    assert len(members) == 8
    sines = torch.sin(torch.pi * torch.arange(1, 5)[:, None] * torch.arange(12) / 12) * (2 / 12)
    scale = torch.pi**2 * (torch.arange(1, 5)[:, None] ** 2 + torch.arange(1, 5) ** 2)
    for source, solution in members:
        a, b = (sines @ z.view(12, 12) @ sines.T for z in (source, solution))
        torch.testing.assert_close(a, b * scale, atol=1e-5, rtol=1e-5)


def test_a_coefficient_keeps_its_neighbour_on_the_wall_and_a_solution_vanishes() -> None:
    grid = Grid((Axis("x", "dirichlet"),))
    batch = {
        "input": torch.arange(4.0).expand(64, 1, 1, 4),
        "target": torch.arange(4.0).expand(64, 1, 1, 4),
    }
    turned = Symmetries(["mirror"], grid, is_map=True)(batch, np.random.default_rng(1))
    chosen = turned["input"][:, 0, 0, 3] == 1
    assert 16 < int(chosen.sum()) < 48
    assert turned["input"][chosen][0, 0, 0].tolist() == [3, 3, 2, 1]
    assert turned["target"][chosen][0, 0, 0].tolist() == [0, 3, 2, 1]
    assert turned["target"][~chosen][0, 0, 0].tolist() == [0, 1, 2, 3]


def test_both_ends_are_exchanged() -> None:
    x = torch.arange(5.0).view(5, 1) * 10 + torch.arange(5.0)
    batch = {"input": x.expand(64, 1, 1, 5, 5), "target": x.expand(64, 1, 1, 5, 5)}
    turned = Symmetries(["mirror"], MESH, True)(batch, np.random.default_rng(0))
    assert sorted({int(t[0, 0, 0, 0]) for t in turned["input"]}) == [0, 4, 40, 44]
    torch.testing.assert_close(turned["input"], turned["target"])


def test_a_shift_moves_input_and_target_alike_and_the_seed_decides() -> None:
    x = torch.randn(3, 2, 1, 6, 6)
    shift = Symmetries(["shift"], Grid.periodic(2), False)
    one, two, other = (
        shift({"input": x, "target": 2 * x}, np.random.default_rng(s)) for s in (0, 0, 3)
    )
    torch.testing.assert_close(one["target"], 2 * one["input"])
    torch.testing.assert_close(one["input"], two["input"])
    assert not torch.equal(one["input"], other["input"])
    assert any(
        torch.equal(one["input"], x.roll((i, j), (3, 4))) for i in range(6) for j in range(6)
    )


@pytest.mark.parametrize(
    ("names", "grid", "text"),
    [
        (["mirrow"], WALLS, "did you mean 'mirror'"),
        (["shift"], WALLS, "no axes of x, y allow 'shift'"),
        (
            ["swap"],
            Grid((Axis("x", "dirichlet"), Axis("y", "dirichlet", length=2.0))),
            "no axes of x, y allow 'swap'",
        ),
        (["mirror"], Grid.latlon(), "on a sphere only shift"),
    ],
)
def test_what_a_grid_does_not_have_is_refused(names: list[str], grid: Grid, text: str) -> None:
    with pytest.raises(InputError, match=text):
        Symmetries(names, grid, False)
