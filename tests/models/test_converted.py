from __future__ import annotations

import pytest
import torch
from contracts import Case, OperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import create, resolution_invariant
from neurop.registry import Spec

LINE = Grid.periodic(1)
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y", "dirichlet", layout="cells")))
UNET = Spec("unet", {"width": 4, "levels": 2})


def case(domain: Grid, shape: tuple[int, ...], **more: object) -> Case:
    count = sum(weight.numel() for weight in create(UNET, 2, 3, domain).parameters())
    arguments = {"network": UNET, "shape": shape}
    return Case(domain, shape, count, arguments=arguments, **more)  # type: ignore[arg-type]


class TestConverted(OperatorContract):
    name = "converted"
    depth = 4
    misspelt = ("netwrk", "network")
    cases = {
        "line": case(LINE, (32,), refinement=0.1),
        "plane": case(Grid.periodic(2), (12, 16), refinement=0.5),
        "walls": case(WALLS, (13, 16)),
    }


@torch.no_grad()
@pytest.mark.parametrize("domain", [LINE, WALLS])
def test_on_its_grid_it_is_the_network(domain: Grid) -> None:
    torch.manual_seed(0)
    shape = (16,) if domain == LINE else (13, 16)
    net = create(UNET, 1, 2, domain)
    made = create("converted", 1, 2, domain, network=UNET, shape=shape)
    # Layers have other names where they are wrapped, in the same order.
    for new, old in zip(made.parameters(), net.parameters(), strict=True):
        new.copy_(old)
    x = torch.randn(2, 1, *shape)
    assert torch.equal(made(x), net(x))
    assert not resolution_invariant(UNET)
    assert resolution_invariant(Spec("converted", {"network": UNET}))
    assert not resolution_invariant(Spec("boosted", {"base": Spec("fno"), "stage": UNET}))


def test_bounds() -> None:
    with raises_input("shape", [16, 16], "give 1 numbers of points of at least 1"):
        create("converted", 1, 1, LINE, network=UNET, shape=(16, 16))
    with raises_input("rule", "nearest", "choose from means, points"):
        create("converted", 1, 1, LINE, network=UNET, shape=(16,), rule="nearest")
