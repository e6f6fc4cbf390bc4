from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import FFNO

SMALL = {"width": 6, "depth": 2}
TIMES = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))


def count(
    modes: tuple[int, ...],
    coordinates: int,
    hidden: int = 24,
    convolutions: int = 1,
    width: int = 6,
    depth: int = 2,
) -> int:
    """Return the number of parameters of a model of 2 input and 3 output channels: complex
    width^2 per axis and mode, shared.
    """
    spectral = convolutions * 2 * width**2 * sum(modes)
    layer = hidden * (width + 1) + width * (hidden + 1)
    return (
        width * (2 + coordinates + 1)
        + spectral
        + depth * layer
        + 2 * width * (width + 1)
        + 3 * (2 * width + 1)
    )


class TestFFNO(GridOperatorContract):
    name = "ffno"
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
            1e-4,
            {"modes": [3, 4], **SMALL},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 10, 12),
            count((2, 2, 2), 6, hidden=9, convolutions=2),
            {(2, 3, 64): (1, 2, 2)},
            1e-3,
            {"modes": 2, "expansion": 1.5, "shared": False, **SMALL},
        ),
        # The trapezoidal rule of an axis with walls converges with the square of the spacing.
        "walls": Case(
            WALLS,
            (17, 16),
            count((5, 3), 3),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            1e-2,
            {"modes": (5, 3), "padding": 0.5, **SMALL},
        ),
        # 4 polynomials have real weights: half as many numbers as 4 waves.
        "chebyshev": Case(
            TIMES,
            (13, 16),
            count((2, 3), 3),
            {(3, 16): (3, 3), (13, 4): (4, 2)},
            1e-7,
            {"modes": (4, 3), **SMALL},
        ),
        "sphere": Case(
            Grid.latlon(),
            (17, 32),
            count((3, 3), 3),
            {(3, 8): (2, 3), (4, 4): (2, 2), (5, 2): (3, 1)},
            1e-2,
            {"modes": 3, **SMALL},
        ),
    }


def test_model_is_its_formula() -> None:
    """Coordinates and lift, two layers with one convolution, head on the last branch, written
    out with full FFTs on a plane.
    """
    torch.manual_seed(0)
    model = FFNO(1, 2, modes=(3, 2), width=4, depth=2).double()
    p, shape = dict(model.named_parameters()), (9, 6)
    x = torch.randn(2, 1, *shape, dtype=torch.float64)

    def linear(v: torch.Tensor, name: str) -> torch.Tensor:
        return v @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    def gelu(v: torch.Tensor) -> torch.Tensor:
        return 0.5 * v * (1 + torch.erf(v / math.sqrt(2)))

    def convolved(v: torch.Tensor) -> torch.Tensor:
        made = torch.zeros_like(v)
        for d, m in enumerate((3, 2), start=1):
            weight, z = p[f"spectral.0.weights.{d - 1}"], torch.fft.rfft(v, dim=d).narrow(d, 0, m)
            mixed = torch.einsum(
                "b...ki,kio->b...ko",
                z.movedim(d, -2),
                torch.complex(weight[:, :, 0], weight[:, :, 1]),
            )
            made += torch.fft.irfft(mixed, n=shape[d - 1], dim=-2).movedim(-2, d)
        return made

    angles = [2 * math.pi * torch.arange(n, dtype=torch.float64) / n for n in shape]
    position = [
        f(a) for a in torch.meshgrid(*angles, indexing="ij") for f in (torch.cos, torch.sin)
    ]
    v = linear(
        torch.cat([x.movedim(1, -1), torch.stack(position, -1).expand(2, *shape, 4)], -1), "lift"
    )
    for layer in ("layers.0", "layers.1"):
        branch = linear(gelu(linear(convolved(v), f"{layer}.expand")), f"{layer}.contract")
        v = v + branch
    expected = linear(gelu(linear(branch, "project.expand")), "project.contract").movedim(-1, 1)
    torch.testing.assert_close(model(x), expected, atol=1e-12, rtol=0)


def test_parameters_of_the_papers_size() -> None:
    """The paper's 4 layers of width 64 with 16 modes: 2 x 16 x 64^2 complex numbers for all
    layers together, and 4 x 33088 in the FF.
    """
    model = FFNO(1, 1, modes=(16, 16), width=64, depth=4)
    parts = {
        name: sum(p.numel() for p in getattr(model, name).parameters())
        for name in ("spectral", "layers")
    }
    assert parts == {"spectral": 2 * 2 * 16 * 64**2, "layers": 4 * (64 * 256 + 256 + 256 * 64 + 64)}


def test_layers_share_one_convolution_or_have_their_own() -> None:
    shared, own = (FFNO(1, 1, modes=4, width=4, depth=3, shared=s) for s in (True, False))
    assert (len(shared.spectral), len(own.spectral)) == (1, 3)


def test_without_coordinates_a_shift_of_the_input_shifts_the_output() -> None:
    torch.manual_seed(0)
    model = FFNO(2, 1, modes=(3, 3), width=5, depth=2).double()
    model.lift.weight.data[:, 2:] = 0
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(
        model(x.roll((4, 3), (2, 3))), model(x).roll((4, 3), (2, 3)), atol=1e-12, rtol=0
    )


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
        FFNO(1, 1, **{"domain": Grid.periodic(2), **arguments})
