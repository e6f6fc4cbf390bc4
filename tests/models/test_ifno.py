from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract, LocalOperatorContract
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import FourierBlock, SpectralConv
from neurop.models import IFNO, IUFNO, UNet, create

SMALL = {"width": 6, "depth": 3}
LEVELS = {"channels": 4, "levels": 2, "depth": 1}
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))


def count(modes: tuple[int, ...], coordinates: int, width: int = 6) -> int:
    """Return the number of parameters of a model of 2 input and 3 output channels."""
    spectral = 2 * width**2 * math.prod(2 * m - 1 for m in modes[:-1]) * modes[-1]
    ends = width * (2 + coordinates + 1) + 2 * width * (width + 1) + 3 * (2 * width + 1)
    return ends + spectral + width * (width + 1)


def unet(domain: Grid) -> int:
    """Return the number of parameters of the branch, counted in the tests of the U-Net."""
    return sum(p.numel() for p in UNet(6, 6, domain, 4, 2).parameters())


CASES = {
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
        count((2, 2, 2), 6),
        {(2, 3, 64): (1, 2, 2)},
        1e-4,
        {"modes": 2, **SMALL},
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
    "sphere": Case(
        Grid.latlon(),
        (17, 32),
        count((3, 3), 3),
        {(3, 8): (2, 3), (4, 4): (2, 2), (5, 2): (3, 1)},
        1e-2,
        {"modes": 3, **SMALL},
    ),
}


class TestIFNO(GridOperatorContract):
    name = "ifno"
    cases = CASES


class TestIUFNO(LocalOperatorContract):
    name = "iufno"
    depth = 4
    cases = {
        name: Case(
            case.domain,
            case.shape,
            case.parameters + unet(case.domain),
            case.resolved,
            arguments=case.arguments | LEVELS,
        )
        for name, case in CASES.items()
    }


def filled(model: IFNO, seed: int = 0) -> IFNO:
    """Return the model in float64, with biases that are not small."""
    torch.manual_seed(seed)
    torch.nn.init.normal_(model.skip.bias)
    return model.double()


def of_depth(model: IFNO, depth: int) -> IFNO:
    """Return a model of the same weights and another depth."""
    domain, width = model.coordinates.domain, model.skip.in_features
    other = type(model)(2, 1, domain, model.modes, width, depth).double()
    other.load_state_dict(model.state_dict())
    return other


def start(x: Tensor, model: IFNO) -> Tensor:
    return model.lift(model.coordinates(x.movedim(1, -1)))


@pytest.mark.parametrize("kind", ["ifno", "iufno"])
def test_the_number_of_parameters_does_not_depend_on_the_depth(kind: str) -> None:
    sizes = {
        sum(p.numel() for p in create(kind, 2, 1, WALLS, modes=3, width=4, depth=d).parameters())
        for d in (1, 2, 40)
    }
    assert len(sizes) == 1


def test_one_application_is_a_linear_layer_with_an_identity_skip() -> None:
    """Depth 1 written out with full FFTs on a line: v + K v + W v + b, without activation."""
    model, n = filled(IFNO(1, 2, modes=3, width=4, depth=1)), 9
    x = torch.randn(2, 1, n, dtype=torch.float64)
    v, weight = start(x, model), model.spectral.weight
    mixed = torch.einsum(
        "bki,kio->bko",
        torch.fft.rfft(v, dim=1)[:, :3],
        torch.complex(weight[:, :, 0], weight[:, :, 1]),
    )
    convolved = torch.fft.irfft(mixed, n=n, dim=1)
    v = v + convolved + v @ model.skip.weight.T + model.skip.bias
    torch.testing.assert_close(model(x), model.project(v).movedim(-1, 1), atol=1e-12, rtol=0)


def test_a_step_is_a_block_of_fno_whose_mlp_multiplies_by_the_step() -> None:
    """GELU(y) - GELU(-y) = y, so an MLP of twice the width can be the factor 1/L."""
    width, depth = 4, 3
    model = filled(IFNO(2, 1, modes=(3, 2), width=width, depth=depth))
    block = FourierBlock(width, SpectralConv(width, width, (3, 2)), 2.0).double()
    block.spectral.load_state_dict(model.spectral.state_dict())
    block.skip.load_state_dict(model.skip.state_dict())
    one = torch.eye(width, dtype=torch.float64)
    with torch.no_grad():
        block.mlp.expand.weight.copy_(torch.cat([one, -one]))
        block.mlp.contract.weight.copy_(torch.cat([one, -one], 1) / depth)
        block.mlp.expand.bias.zero_()
        block.mlp.contract.bias.zero_()
    x = torch.randn(2, 2, 9, 8, dtype=torch.float64)
    v = block(block(start(x, model)))
    v = v + model.layer(v) / depth
    torch.testing.assert_close(model(x), model.project(v).movedim(-1, 1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_without_convolution_and_skip_nothing_happens_between_lift_and_projection(
    depth: int,
) -> None:
    model = IFNO(2, 1, modes=(3, 2), width=4, depth=depth).double()
    for weight in (model.spectral.weight, model.skip.weight, model.skip.bias):
        torch.nn.init.zeros_(weight)
    x = torch.randn(2, 2, 9, 8, dtype=torch.float64)
    assert torch.equal(model(x), model.project(start(x, model)).movedim(-1, 1))


@torch.no_grad()
@pytest.mark.parametrize("kind", [IFNO, pytest.param(IUFNO, marks=pytest.mark.slow)])
def test_twice_the_depth_halves_the_difference(kind: type[IFNO]) -> None:
    """Euler's method is of first order in the step 1/L."""
    model = filled(kind(2, 1, modes=(3, 2), width=4, depth=1))
    x = torch.randn(2, 2, 9, 8, dtype=torch.float64)
    outputs = [of_depth(model, depth)(x) for depth in (32, 64, 128, 256)]
    steps = [float((b - a).norm()) for a, b in pairwise(outputs)]
    assert steps[0] > 1e-5
    assert [a / b for a, b in pairwise(steps)] == pytest.approx([2, 2], abs=0.1)


@torch.no_grad()
def test_the_unet_sees_what_the_convolution_leaves() -> None:
    model = filled(IUFNO(1, 1, modes=3, width=4, depth=1, channels=4, levels=1))
    v = torch.randn(2, 8, 4, dtype=torch.float64)
    large = model.spectral.channels_last(v)
    small = model.unet((v - large).movedim(-1, 1)).movedim(1, -1)
    expected = large + small + v @ model.skip.weight.T + model.skip.bias
    torch.testing.assert_close(model.layer(v), expected, atol=1e-13, rtol=0)
    # A convolution that returns its modes leaves nothing of a wave among them.
    model.spectral.weight.zero_()
    model.spectral.weight[:, :, 0] = torch.eye(4, dtype=torch.float64)
    wave = torch.cos(2 * math.pi * torch.arange(8, dtype=torch.float64) / 8)[None, :, None]
    nothing = model.unet(torch.zeros(1, 4, 8, dtype=torch.float64)).movedim(1, -1)
    v = wave.expand(1, 8, 4)
    expected = v + v @ model.skip.weight.T + model.skip.bias + nothing
    torch.testing.assert_close(model.layer(v), expected, atol=1e-6, rtol=0)


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
    for kind in (IFNO, IUFNO):
        with raises_input(key, value):
            kind(1, 1, **{"domain": Grid.periodic(2), **arguments})
    with raises_input("levels", 0):
        IUFNO(1, 1, Grid.periodic(2), modes=3, levels=0)
