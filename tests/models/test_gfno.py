from __future__ import annotations

from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.signed_permutation import SignedPermutation, symmetries
from neurop.models import GFNO

SMALL = {"modes": 4, "width": 3}
ONE = {"depth": 1, **SMALL}
SIGNS = {"input_signs": [1, -1], "output_signs": [-1, 1, -1]}
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends")))
CELLS = Grid((Axis("x", "neumann", layout="cells"), Axis("y", "neumann", layout="cells")))
RESOLVED = {(4, 9): (2, 4), (5, 6): (3, 3)}


def count(order: int, fields: int = 2, depth: int = 1) -> int:
    """Return the number of parameters of a model of 3 output channels."""
    pointwise = order * 3 * 3 + 3
    block = order * 7**2 * 3**2 + 3 * pointwise
    return 3 * (fields + 1) + depth * block + order * 6 * 3 + 6 + 3 * 6


class TestGFNO(GridOperatorContract):
    name = "gfno"
    cases = {
        "p4": Case(Grid.periodic(2), (12, 12), count(4), RESOLVED, 1e-3, ONE),
        "p4m": Case(
            Grid.periodic(2),
            (12, 12),
            count(8),
            RESOLVED,
            1e-3,
            {"group": "p4m", **SIGNS, **ONE},
        ),
        "walls": Case(WALLS, (17, 17), count(4, 3), {(5, 6): (3, 4)}, 1e-2, ONE),
    }

    @pytest.mark.slow  # as for the other models of long graphs
    def test_the_exported_graph_is_real_and_computes_the_same(self, case: Case) -> None:
        super().test_the_exported_graph_is_real_and_computes_the_same(case)


def model(domain: Grid, group: Any = "p4m", seed: int = 0, **more: Any) -> GFNO:
    torch.manual_seed(seed)
    return GFNO(2, 3, domain, depth=2, **SMALL, group=group, **{**SIGNS, **more})


def moved(x: Tensor, g: SignedPermutation, grid: Grid, signs: list[int]) -> Tensor:
    """Move fields ``(batch, channels, *grid)``, about the first point of a periodic grid of such
    points, about the centre of any other.
    """
    made = x.permute(0, 1, *(2 + axis for axis in g.axes))
    for dim, (sign, axis) in enumerate(zip(g.signs, grid.axes), start=2):
        if sign < 0:
            made = made.flip(dim).roll(int(axis.layout == "left"), dim)
    return made * torch.tensor([s if g.determinant < 0 else 1 for s in signs]).view(-1, 1, 1)


def errors(net: GFNO, grid: Grid, x: Tensor, group: tuple[SignedPermutation, ...]) -> list[float]:
    y = net(x)
    pairs = [
        (net(moved(x, g, grid, [1, -1])), moved(y, g, grid, SIGNS["output_signs"])) for g in group
    ]
    return [float((p - q).norm() / q.norm()) for p, q in pairs]


@pytest.mark.parametrize(
    "grid", [Grid.periodic(2), WALLS, CELLS], ids=["periodic", "ends", "cells"]
)
@pytest.mark.parametrize("points", [16, 33])
@torch.no_grad()
def test_a_moved_input_gives_the_moved_output(grid: Grid, points: int) -> None:
    net = model(grid)
    x = torch.randn(2, 2, points, points, generator=torch.Generator().manual_seed(1))
    assert max(errors(net, grid, x, symmetries(2))) < 1e-5
    assert max(errors(net.double(), grid, x.double(), symmetries(2))) < 1e-12
    # Without reflections, p4 has none of their symmetry.
    rotations, reflections = symmetries(2)[:4], symmetries(2)[4:]
    net = model(grid, "p4").double()
    assert max(errors(net, grid, x.double(), rotations)) < 1e-12
    assert min(errors(net, grid, x.double(), reflections)) > 1e-2


@torch.no_grad()
def test_it_commutes_with_translations_and_turns_about_any_point() -> None:
    net, x = model(Grid.periodic(2)).double(), torch.randn(1, 2, 12, 12, dtype=torch.float64)
    y = net(x)
    torch.testing.assert_close(net(x.roll((3, 5), (2, 3))), y.roll((3, 5), (2, 3)))
    torch.testing.assert_close(net(x.rot90(1, (2, 3))), y.rot90(1, (2, 3)))


@torch.no_grad()
def test_a_pseudoscalar_is_not_a_scalar() -> None:
    """With p4m and signs of scalars, a mirrored vorticity would not be predicted as its negative;
    with its sign, a field that is its own negated mirror image stays one.
    """
    grid = Grid.periodic(2)
    flip = next(g for g in symmetries(2) if g.signs == (-1, 1) and g.axes == (0, 1))
    x = torch.randn(1, 1, 12, 12, dtype=torch.float64)
    x = x + moved(x, flip, grid, [-1])
    torch.testing.assert_close(moved(x, flip, grid, [-1]), x)
    made = []
    for sign in (-1, 1):
        torch.manual_seed(0)
        net = GFNO(
            1, 1, grid, depth=2, **SMALL, group="p4m", input_signs=sign, output_signs=sign
        ).double()
        y = net(x)
        made.append(float((moved(y, flip, grid, [-1]) - y).norm() / y.norm()))
    assert made[0] < 1e-12
    assert made[1] > 0.1


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": 0}, "modes", 0),
        ({"modes": (4, 5)}, "modes", (4, 5)),
        ({"group": "p6"}, "group", "p6"),
        ({"input_signs": [1]}, "input_signs", [1]),
        ({"output_signs": 0}, "output_signs", 0),
        ({"domain": Grid.periodic(3)}, "domain", "x, y, z"),
        ({"domain": Grid.latlon()}, "domain", "latitude, longitude"),
        ({"domain": Grid((Axis("x"), Axis("y", length=2.0)))}, "domain", "x, y"),
    ],
)
def test_arguments_that_make_no_model(arguments: dict[str, Any], key: str, value: Any) -> None:
    with raises_input(key, value):
        GFNO(2, 3, **{"modes": 3, "width": 2, **arguments})
