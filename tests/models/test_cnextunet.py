from __future__ import annotations

from typing import Any

import pytest
import torch
from contracts import Case, LocalOperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import CNextUNet

SMALL = {"width": 4, "levels": 2, "depth": 1}


def count(
    d: int,
    width: int = 4,
    levels: int = 2,
    depth: int = 1,
    between: int | None = None,
    channels: tuple[int, int] = (2, 3),
    numbers: int = 0,
) -> int:
    """Return the number of parameters: per block a kernel of 7^d points for each channel, the
    normalisation, the MLP of four times the channels, the layer scale; kernels of `between` points
    from one grid to the next, 2^d by default.
    """
    points = between or 2**d

    def block(c: int) -> int:
        film = 64 * (numbers + 1) + 2 * c * 65 if numbers else 0
        return c * 7**d + c + 2 * c + film + (4 * c * c + 4 * c) + (4 * c * c + c) + c

    c = [width * 2**level for level in range(levels + 1)]
    down = sum(depth * block(b) + b + b * 2 * b * points + 2 * b for b in c[:-1])
    up = sum(depth * block(2 * b) + 2 * b + 2 * b * b * points + b for b in c[:-1])
    merge = sum(2 * b * b + b for b in c[1:-1])
    ends = channels[0] * width * 3**d + width + width * channels[1] * 3**d + channels[1]
    return ends + down + block(c[-1]) + up + merge


class TestCNextUNet(LocalOperatorContract):
    name = "cnextunet"
    depth = 4
    cases = {
        "line": Case(Grid.periodic(1), (16,), count(1, levels=1), arguments=SMALL | {"levels": 1}),
        "plane": Case(
            Grid.periodic(2), (12, 16), count(2, depth=2), arguments=SMALL | {"depth": 2}
        ),
        "sphere": Case(
            Grid.latlon(), (17, 32), count(2, between=6, channels=(3, 3)), arguments=SMALL
        ),
        "film": Case(
            Grid.periodic(1),
            (15,),
            count(1, levels=1, numbers=1),
            arguments=SMALL | {"levels": 1, "conditioning": "film"},
            numbers=(1,),
        ),
    }


def test_parameters_of_the_benchmarks_size() -> None:
    """The Well's README: initial dimension 42, 4 levels, 2 blocks per stage, 1 at the bottleneck,
    filters of 7 points. Its module with 16 input and 4 output channels holds 18,575,344 numbers,
    of which 1,890 are biases of the normalisations between grids, which no output depends on.
    """
    with torch.device("meta"):
        model = CNextUNet(16, 4, width=42, levels=4, depth=2)
    found = sum(p.numel() for p in model.parameters())
    assert found == count(2, 42, 4, 2, channels=(16, 4)) == 18_575_344 - 1_890


def test_blocks_start_as_the_identity() -> None:
    """With its layer scales at 0 a network differs from the initial one by rounding alone."""
    torch.manual_seed(0)
    model = CNextUNet(1, 1, width=4, levels=2).double()
    x = torch.randn(1, 1, 16, 16).double()
    y = model(x)
    for module in model.modules():
        if hasattr(module, "scale"):
            torch.nn.init.zeros_(module.scale)
    assert 0 < (model(x) - y).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"levels": 0}, "levels", 0),
        ({"depth": 0}, "depth", 0),
        ({"domain": Grid(tuple(Axis(a) for a in "xyzw"))}, "domain", 4),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        CNextUNet(1, 1, **arguments)
