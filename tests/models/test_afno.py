from __future__ import annotations

from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import AFNO

SMALL = {"width": 6, "depth": 2, "blocks": 2}
TIMES = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="ends")))


def count(
    functions: int,
    coordinates: int,
    width: int = 6,
    depth: int = 2,
    blocks: int = 2,
    channels: tuple[int, int] = (2, 3),
) -> int:
    """Return the number of parameters: two complex matrices of width^2 / blocks numbers, two
    biases and the thresholds, two normalisations and an MLP of four times the channels per block;
    `functions` is that of a patch.
    """
    filter_ = 2 * 2 * width**2 // blocks + 3 * width
    mlp = 4 * width * (width + 1) + width * (4 * width + 1)
    ends = width * (channels[0] * functions + coordinates + 1) + channels[1] * functions * width
    return ends + depth * (filter_ + 4 * width + mlp)


class TestAFNO(GridOperatorContract):
    name = "afno"
    depth = 2
    cases = {
        # The integrals over the patches converge with the square of the spacing.
        "line": Case(
            Grid.periodic(1),
            (16,),
            count(4, 2),
            {(5,): (3,), (6,): (3,), (64,): (4,)},
            0.03,
            {"modes": 4, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count(4, 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            0.01,
            {"modes": [3, 4], "patch": 2, **SMALL},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 10, 12),
            count(8, 6),
            {(2, 3, 64): (1, 2, 2)},
            0.02,
            {"modes": 2, "patch": 2, **SMALL},
        ),
        "walls": Case(
            WALLS,
            (17, 17),
            count(9, 2),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            0.01,
            {"modes": (5, 3), "tokens": (8, 6), "patch": 3, **SMALL},
        ),
        "chebyshev": Case(
            TIMES,
            (13, 16),
            count(4, 3),
            {(13, 4): (3, 2)},
            0.012,
            {"modes": (3, 3), "patch": 2, **SMALL},
        ),
        "sphere": Case(
            Grid.latlon(),
            (17, 32),
            count(16, 3),
            {(3, 8): (2, 3), (4, 4): (2, 2), (5, 2): (3, 1)},
            0.005,
            {"modes": 3, **SMALL},
        ),
    }

    @pytest.mark.slow  # as for the other models of long graphs
    def test_the_exported_graph_is_real_and_computes_the_same(self, case: Case) -> None:
        super().test_the_exported_graph_is_real_and_computes_the_same(case)


def test_without_coordinates_a_shift_by_patches_shifts_the_output() -> None:
    torch.manual_seed(0)
    model = AFNO(2, 1, modes=(3, 3), tokens=(6, 8), width=6, depth=2, blocks=2).double()
    model.embed.weight.data[:, -4:] = 0
    for block in model.blocks:
        torch.nn.init.normal_(block.mixing.biases)
    x = torch.randn(1, 2, 12, 24, dtype=torch.float64)
    torch.testing.assert_close(
        model(x.roll((4, 9), (2, 3))), model(x).roll((4, 9), (2, 3)), atol=1e-12, rtol=0
    )
    assert (model(x.roll(1, 3)) - model(x).roll(1, 3)).abs().max() > 0.01


def test_a_field_of_lines_gives_one_function_on_all_grids() -> None:
    """The integrals of the interpolant are exact for functions that are linear between points of
    both grids, of which one has no point in some patches.
    """
    torch.manual_seed(0)
    domain = Grid((Axis("x", "open", layout="ends"),))
    model = AFNO(1, 2, domain, modes=4, tokens=10, width=8, depth=2).double()
    coarse = torch.randn(1, 1, 6, dtype=torch.float64)
    fine = torch.nn.functional.interpolate(coarse, size=41, mode="linear", align_corners=True)
    torch.testing.assert_close(model(fine)[..., ::8], model(coarse), atol=1e-12, rtol=0)


@pytest.mark.slow
def test_the_rows_of_a_global_grid_of_a_quarter_degree_fit_its_patches() -> None:
    """Patches of 8 intervals on 721 x 1440 points: both poles are points, no row is left out."""
    with torch.device("meta"):
        model = AFNO(
            20, 20, Grid.latlon(), modes=(45, 90), tokens=(90, 180), patch=8, width=768, depth=12,
            blocks=8,
        )  # fmt: skip
        assert model(torch.zeros(1, 20, 721, 1440)).shape == (1, 20, 721, 1440)
    # Those of the paper without its table of 90 x 180 x 768 positions: 59.4 million in the blocks,
    # about a million in each of the maps to and from the tokens.
    found = sum(p.numel() for p in model.parameters())
    assert found == count(64, 3, 768, 12, 8, channels=(20, 20))


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": 0}, "modes", 0),
        ({"tokens": 0}, "tokens", 0),
        ({"patch": 0}, "patch", 0),
        ({"blocks": 3}, "blocks", 3),
        ({"modes": (4, 4, 4)}, "modes", (4, 4, 4)),
        ({"tokens": (16, 16, 16)}, "tokens", (16, 16, 16)),
        ({"modes": 4, "tokens": (16, 6)}, "tokens", 6),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        AFNO(1, 1, **{"domain": Grid.periodic(2), **arguments})
