from __future__ import annotations

from typing import Any

import pytest
import torch
from contracts import Case, LocalOperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import UNet, create

SMALL = {"width": 4, "levels": 2}
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="ends")))


def count(
    d: int, walls: int = 0, width: int = 4, levels: int = 2, depth: int = 1, numbers: int = 0
) -> int:
    """Return the number of parameters of a model of 2 input and 3 output channels: kernels of 3^d
    points with bias, two numbers per normalised channel, a matrix where the channels change.
    """

    def film(b: int) -> int:
        return 64 * (numbers + 1) + 2 * b * 65 if numbers else 0

    def conv(a: int, b: int, points: int = 3**d) -> int:
        return a * b * points + b

    def block(a: int, b: int) -> int:
        skip = conv(a, b, 1) if a != b else 0
        return 2 * a + conv(a, b) + 2 * b + film(b) + conv(b, b) + skip

    def blocks(a: int, b: int) -> int:
        return block(a, b) + (depth - 1) * block(b, b)

    c = [width * 2**level for level in range(levels + 1)]
    down = sum(blocks(a, b) for a, b in zip([width, *c], c))
    up = sum(blocks(3 * b, b) for b in c[:-1])
    return conv(2 + walls, width) + down + up + 2 * width + conv(width, 3)


class TestUNet(LocalOperatorContract):
    name = "unet"
    depth = 4
    cases = {
        "line": Case(Grid.periodic(1), (16,), count(1, levels=1), arguments=SMALL | {"levels": 1}),
        "box": Case(
            Grid.periodic(3), (6, 8, 5), count(3, levels=1), arguments=SMALL | {"levels": 1}
        ),
        "walls": Case(WALLS, (17, 14), count(2, walls=2, depth=2), arguments=SMALL | {"depth": 2}),
        "sphere": Case(Grid.latlon(), (17, 32), count(2, walls=1), arguments=SMALL),
        "film": Case(
            Grid.periodic(2),
            (12, 15),
            count(2, levels=1, numbers=2),
            arguments=SMALL | {"levels": 1, "conditioning": "film"},
            numbers=(0, 1),
        ),
    }


@pytest.mark.parametrize("kind", ["unet", "cnextunet"])
@pytest.mark.parametrize(
    ("domain", "shape"),
    [
        (Grid.periodic(1), (17,)),
        (WALLS, (85, 85)),
        (WALLS, (30, 5)),
        (Grid.latlon(), (73, 144)),
        (Grid.latlon(gauss=True), (32, 63)),
        (Grid.periodic(3), (9, 8, 4)),
    ],
)
def test_any_size(kind: str, domain: Grid, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = create(kind, 2, 1, domain, width=4)
    x = torch.randn(1, 2, *shape, requires_grad=True)
    y = model(x)
    assert y.shape == (1, 1, *shape)
    y.square().sum().backward()
    # Every point is seen, those on walls and in odd rests too.
    assert (x.grad.abs().amax(dim=(0, 1)) > 0).all()
    assert all(p.grad.abs().max() > 0 for p in model.parameters())


@pytest.mark.parametrize("kind", ["unet", "cnextunet"])
def test_shifts_by_multiples_of_the_coarsest_spacing_commute(kind: str) -> None:
    torch.manual_seed(0)
    model = create(kind, 2, 1, Grid.periodic(2), width=4, levels=2).double()
    for p in model.parameters():
        p.data += 0.1 * torch.randn_like(p)
    x = torch.randn(1, 2, 16, 24).double()
    y = model(x)
    torch.testing.assert_close(
        model(x.roll((4, -8), (2, 3))), y.roll((4, -8), (2, 3)), atol=1e-12, rtol=0
    )
    # A shift by less is not the same, as the coarse grids do not lie on themselves.
    assert (model(x.roll(1, 2)) - y.roll(1, 2)).abs().max() > 1e-4


@pytest.mark.parametrize("kind", ["unet", "cnextunet"])
@pytest.mark.parametrize("poles", [True, False])
def test_rotations_about_the_axis_of_a_sphere_commute(kind: str, poles: bool) -> None:
    torch.manual_seed(0)
    model = create(kind, 2, 1, Grid.latlon(poles=poles), width=4, levels=2).double()
    for p in model.parameters():
        p.data += 0.1 * torch.randn_like(p)
    x = torch.randn(1, 2, 17 if poles else 16, 24).double()
    torch.testing.assert_close(model(x.roll(8, 3)), model(x).roll(8, 3), atol=1e-12, rtol=0)


def test_the_field_of_view_reaches_across_a_pole() -> None:
    """A change next to the pole changes the output on the meridian opposite, and with one level
    not at the equator.
    """
    torch.manual_seed(0)
    model = UNet(1, 1, Grid.latlon(), width=4, levels=1).double().eval()
    model.norm = torch.nn.Identity()  # group norms couple all points
    for block in model.modules():
        if hasattr(block, "norms"):
            block.norms = torch.nn.ModuleList([torch.nn.Identity(), torch.nn.Identity()])
    x = torch.randn(1, 1, 65, 64).double()
    other = x.clone()
    other[..., 1, 10] += 1
    changed = (model(other) - model(x)).abs()[0, 0]
    assert changed[1, 42] > 1e-6
    assert changed[1, 26] == 0
    assert changed[32:].max() == 0


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
        UNet(1, 1, **arguments)


def test_an_input_that_does_not_fit() -> None:
    with raises_input("x", (1, 2, 8), r"need \(batch, 1, x, y\)"):
        UNet(1, 1, width=4)(torch.zeros(1, 2, 8))
