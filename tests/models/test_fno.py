from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import FNO

SMALL = {"width": 6, "depth": 2}
TIMES = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))


def count(
    modes: tuple[int, ...],
    coordinates: int,
    width: int = 6,
    depth: int = 2,
    hidden: int = 6,
    numbers: int = 0,
) -> int:
    """Return the number of parameters of an FNO of 2 input and 3 output channels."""
    film = 64 * (numbers + 1) + 2 * width * 65 if numbers else 0
    spectral = 2 * width**2 * math.prod(2 * m - 1 for m in modes[:-1]) * modes[-1]
    block = spectral + width * (width + 1) + hidden * (width + 1) + width * (hidden + 1)
    return (
        width * (2 + coordinates + 1)
        + depth * (block + film)
        + 2 * width * (width + 1)
        + 3 * (2 * width + 1)
    )


class TestFNO(GridOperatorContract):
    name = "fno"
    cases = {
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((4,), 2),
            {(5,): (3,), (6,): (3,), (64,): (4,)},
            1e-4,
            {"modes": 4, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-6,
            {"modes": [3, 4], **SMALL},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 10, 12),
            count((2, 2, 2), 6, hidden=9),
            {(2, 3, 64): (1, 2, 2)},
            1e-5,
            {"modes": 2, "expansion": 1.5, **SMALL},
        ),
        # The trapezoidal rule of an axis with walls converges with the square of the spacing.
        "walls": Case(
            WALLS,
            (17, 16),
            count((5, 3), 3),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            3e-3,
            {"modes": (5, 3), "padding": 0.5, **SMALL},
        ),
        # 5 polynomials x 3 waves have as many weights as modes 3 x 3 with 5 signed frequencies x 3.
        "chebyshev": Case(
            TIMES,
            (13, 16),
            count((3, 3), 3),
            {(3, 16): (3, 3), (13, 4): (5, 2), (5, 5): (5, 3)},
            1e-7,
            {"modes": (5, 3), **SMALL},
        ),
        "sphere": Case(
            Grid.latlon(),
            (17, 32),
            count((3, 3), 3),
            {(3, 8): (2, 3), (4, 4): (2, 2), (5, 2): (3, 1)},
            3e-3,
            {"modes": 3, **SMALL},
        ),
        "film": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4, numbers=1),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-6,
            {"modes": [3, 4], "conditioning": "film", **SMALL},
            numbers=(1,),
        ),
    }

    @pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
    def test_compiled_code_agrees(self) -> None:
        super().test_compiled_code_agrees()


def test_model_is_its_formula() -> None:
    """Coordinates and lift, two blocks, projection, written out with full FFTs on a line."""
    torch.manual_seed(0)
    model = FNO(1, 2, modes=3, width=4, depth=2).double()
    p, n = dict(model.named_parameters()), 9
    x = torch.randn(2, 1, n, dtype=torch.float64)

    def linear(v: torch.Tensor, name: str) -> torch.Tensor:
        return v @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    def gelu(v: torch.Tensor) -> torch.Tensor:
        return 0.5 * v * (1 + torch.erf(v / math.sqrt(2)))

    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    position = torch.stack([angle.cos(), angle.sin()], -1).expand(2, n, 2)
    v = linear(torch.cat([x.movedim(1, -1), position], -1), "lift")
    for b in ("blocks.0", "blocks.1"):
        weight, z = p[f"{b}.spectral.weight"], torch.fft.rfft(v, dim=1)[:, :3]
        mixed = torch.einsum("bki,kio->bko", z, torch.complex(weight[:, :, 0], weight[:, :, 1]))
        inner = gelu(torch.fft.irfft(mixed, n=n, dim=1) + linear(v, f"{b}.skip"))
        v = v + linear(gelu(linear(inner, f"{b}.mlp.expand")), f"{b}.mlp.contract")
    expected = linear(gelu(linear(v, "project.expand")), "project.contract").movedim(-1, 1)
    torch.testing.assert_close(model(x), expected, atol=1e-12, rtol=0)


def test_without_coordinates_a_shift_of_the_input_shifts_the_output() -> None:
    torch.manual_seed(0)
    model = FNO(2, 1, modes=(3, 3), width=5, depth=2).double()
    model.lift.weight.data[:, 2:] = 0
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(
        model(x.roll((4, 3), (2, 3))), model(x).roll((4, 3), (2, 3)), atol=1e-12, rtol=0
    )


def test_dimensions_follow_the_modes_or_the_domain() -> None:
    assert FNO(1, 1, modes=(2, 3, 4), width=2, depth=1).modes == (2, 3, 4)
    assert FNO(1, 1, modes=5, width=2, depth=1).modes == (5,)
    assert FNO(1, 1, Grid.periodic(2), modes=5, width=2, depth=1).modes == (5, 5)


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": 0}, "modes", 0),
        ({"modes": (4, 4, 4)}, "modes", (4, 4, 4)),
        ({"domain": WALLS, "padding": -0.5}, "period", 0.5),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        FNO(1, 1, **{"domain": Grid.periodic(2), **arguments})
