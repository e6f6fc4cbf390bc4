from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import FNO, TFNO

SMALL = {"width": 6, "depth": 2}
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))


def count(spectral: int, coordinates: int, width: int = 6, depth: int = 2) -> int:
    """Return the number of parameters of a TFNO of 2 input and 3 output channels and so many
    spectral ones.
    """
    block = 3 * width * (width + 1)
    return (
        width * (2 + coordinates + 1)
        + spectral
        + depth * block
        + 2 * width * (width + 1)
        + 3 * (2 * width + 1)
    )


def tucker(sizes: tuple[int, ...], ranks: tuple[int, ...], width: int = 6) -> int:
    """Return the parameters of a core with a pair axis and one matrix per axis; the last two
    ranks are those of the channels.
    """
    return 2 * math.prod(ranks) + sum(
        n * r for n, r in zip((*sizes, width, width), ranks, strict=True)
    )


class TestTFNO(GridOperatorContract):
    name = "tfno"
    cases = {
        "line": Case(
            Grid.periodic(1),
            (16,),
            count(2 * tucker((4,), (2, 3, 3)), 2),
            {(5,): (3,), (6,): (3,), (64,): (4,)},
            1e-4,
            {"modes": 4, "rank": 0.3, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count(2 * tucker((5, 4), (2, 2, 3, 3)), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-6,
            {"modes": [3, 4], "rank": 0.1, **SMALL},
        ),
        "box": Case(  # bonds of one
            Grid.periodic(3),
            (8, 10, 12),
            count(2 * (6 + 3 + 3 + 2 * 2 + 6), 6),
            {(2, 3, 64): (1, 2, 2)},
            1e-5,
            {"modes": 2, "rank": 0.02, "factorization": "tt", **SMALL},
        ),
        "walls": Case(  # one tensor of four terms for both blocks
            WALLS,
            (17, 16),
            count(4 * (2 + 9 + 3 + 6 + 2 + 6), 3),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            3e-3,
            {"modes": (5, 3), "rank": 0.03, "factorization": "cp", "joint": True, **SMALL},
        ),
        "sphere": Case(
            Grid.latlon(),
            (17, 32),
            count(tucker((2, 5, 3), (2, 2, 2, 3, 3)), 3),
            {(3, 8): (2, 3), (4, 4): (2, 2), (5, 2): (3, 1)},
            3e-3,
            {"modes": 3, "joint": True, **SMALL},
        ),
    }


def net(**arguments: Any) -> TFNO:
    torch.manual_seed(0)
    return TFNO(2, 1, **{"modes": (5, 6), "width": 8, "depth": 3, **arguments})


@pytest.mark.parametrize("kind", ["tucker", "cp", "tt"])
@pytest.mark.parametrize("joint", [False, True])
def test_it_is_the_fno_of_its_dense_weights(kind: Any, joint: bool) -> None:
    model = net(factorization=kind, joint=joint, rank=0.2).double()
    dense = FNO(2, 1, modes=(5, 6), width=8, depth=3).double()
    state = {name: p for name, p in model.state_dict().items() if "weight." not in name}
    for i, block in enumerate(model.blocks):
        state[f"blocks.{i}.spectral.weight"] = block.spectral.weight.dense()  # type: ignore[union-attr, operator]
    dense.load_state_dict(state)
    for shape in ((12, 16), (5, 9)):  # the second keeps a part of the modes
        x = torch.randn(2, 2, *shape, dtype=torch.float64)
        torch.testing.assert_close(model(x), dense(x), atol=1e-11, rtol=0)


@pytest.mark.parametrize("kind", ["tucker", "cp", "tt"])
@pytest.mark.parametrize("joint", [False, True])
def test_spectral_parameters_are_the_fraction_that_was_asked_for(kind: Any, joint: bool) -> None:
    def spectral(model: torch.nn.Module) -> int:
        return sum(
            p.numel()
            for name, p in model.named_parameters()
            if "weight." in name or name.endswith("spectral.weight")
        )

    sizes = {"modes": (12, 12), "width": 16, "depth": 3}
    dense = spectral(FNO(2, 1, **sizes))  # type: ignore[arg-type]
    assert dense == 3 * 23 * 12 * 16 * 2 * 16
    for rank in (0.5, 0.1, 1 / 150):
        assert (
            0.8 * rank * dense
            < spectral(net(factorization=kind, joint=joint, rank=rank, **sizes))
            <= rank * dense
        )


@pytest.mark.parametrize("kind", ["tucker", "cp", "tt"])
@pytest.mark.parametrize("joint", [False, True])
def test_all_of_it_learns_at_a_rank_of_1_150(kind: Any, joint: bool) -> None:
    """A shift of the first field is no pointwise map: the convolutions have to learn it, and
    each factor moves.
    """
    model = net(factorization=kind, joint=joint, rank=1 / 150, depth=2)
    k = 2 * math.pi * torch.arange(12) / 12
    phase = 2 * math.pi * torch.rand(16, 2, 1, 1)
    x = torch.cos(k[:, None] + 2 * k + phase)
    y = x[:, :1].roll(1, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    before, losses = [p.detach().clone() for p in model.parameters()], []
    for _ in range(60):
        loss = (model(x) - y).square().mean() / y.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    assert all((p - q).abs().max() > 1e-3 for p, q in zip(model.parameters(), before))


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"factorization": "tuker"}, "factorization", "tuker"),
        ({"rank": 0}, "rank", 0),
        ({"rank": 2, "joint": True}, "rank", 2),
        ({"modes": 0, "domain": Grid.periodic(2)}, "modes", (0, 0)),
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": (4, 4, 4), "domain": Grid.periodic(2)}, "modes", (4, 4, 4)),
    ],
)
def test_arguments_that_make_no_model(arguments: dict[str, Any], key: str, value: Any) -> None:
    with raises_input(key, value):
        net(**arguments)
