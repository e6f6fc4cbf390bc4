from __future__ import annotations

from typing import Any

import pytest
import torch
from contracts import Case, OperatorContract
from raising import raises_input
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models import Thermalized, create
from neurop.registry import Spec

LINE, SPHERE = Grid.periodic(1), Grid.latlon()
SMALL = {"width": 6, "depth": 1}
FNO = Spec("fno", {"modes": 4, **SMALL})
SFNO = Spec("sfno", {"modes": 4, **SMALL})


def case(
    domain: Grid, shape: tuple[int, ...], part: Spec, conditions: int = 0, **more: object
) -> Case:
    """Return a case; the stage has the 3 outputs and the conditions as inputs, and 4 outputs."""
    numbers = (1,) if conditions else ()
    parts = (
        create(part, 2, 3, domain, numbers),
        create(part, 3 + conditions, 4, domain, (3,) if conditions else ()),
    )
    count = sum(weight.numel() for net in parts for weight in net.parameters())
    # Every state is denoised: one whose noise is of about the size 1.
    arguments = {"base": part, "stage": part, "conditions": conditions, "levels": (1.0, 1e-3, 5e-4)}
    return Case(domain, shape, count, arguments=arguments, numbers=numbers, **more)


class TestThermalized(OperatorContract):
    name = "thermalized"
    depth = 2
    frozen = "base."
    misspelt = ("stag", "stage")
    cases = {
        "line": case(LINE, (16,), FNO, resolved={(5,): (3,), (64,): (4,)}, refinement=1e-2),
        "plane": case(Grid.periodic(2), (12, 16), FNO, resolved={(5, 30): (3, 4)}),
        "numbers": case(LINE, (16,), FNO, conditions=1),
        "sphere": case(SPHERE, (16, 32), SFNO),
    }


class Scaled(torch.nn.Module):
    """Stands for a stage whose states are all zero: what it sees is noise."""

    def forward(self, x: Tensor) -> Tensor:
        size = x.square().mean(tuple(range(1, x.dim())), keepdim=True).sqrt()
        return torch.cat([x / size, size.log().expand(-1, 1, *x.shape[2:])], dim=1)


def exact(**arguments: Any) -> Thermalized:
    """Return a network that knows the states, in double precision."""
    torch.manual_seed(0)
    net = create("thermalized", 1, 1, LINE, base=FNO, stage=FNO, **arguments).double()
    assert isinstance(net, Thermalized)
    net.stage = Scaled()  # type: ignore[assignment]
    return net


@torch.no_grad()
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_flow_of_states_at_zero(steps: int) -> None:
    """Their noise is the state over its size, so the flow shrinks a state to the last size."""
    net = exact(levels=(1.0, 0.1, 0.02), steps=steps)
    net.kept.fill_(1.0), net.scale.fill_(0.5), net.shift.fill_(0.01)
    x = 0.1 * torch.randn(3, 1, 16, dtype=torch.float64)
    y = net.base(x)
    state = x + 0.5 * y + 0.01
    size = state.square().mean((1, 2), keepdim=True).sqrt()
    least, start, _ = size.flatten().sort().values.tolist()
    net.levels = (1.0, start, 0.02)  # of three states one is above it
    assert 0.02 < least < start < 1
    expected = torch.where(size > start, (state * 0.02 / size - 0.01 - x) / 0.5, y)
    torch.testing.assert_close(net(x), expected)
    below = (size <= start).flatten()
    assert torch.equal(net(x[below]), net.base(x[below]))


@torch.no_grad()
def test_a_size_above_the_training_is_that_of_the_training() -> None:
    """The flow then removes the largest noise of the training, and leaves the rest."""
    net = exact(levels=(0.5, 0.1, 0.02), steps=1)
    x = 4 * torch.randn(2, 1, 16, dtype=torch.float64)
    y = net.base(x) + 4
    size = y.square().mean((1, 2), keepdim=True).sqrt()
    net.shift.fill_(4.0)
    expected = y + (0.02 - 0.5) * y / size - 4
    torch.testing.assert_close(net(x), expected)


def test_bounds() -> None:
    for levels in ([], [0.5, 0.1], [0.1, 0.1, 0.01], [2.0, 0.1, 0.01], [0.5, 0.1, 0.0]):
        with raises_input("levels", levels, "three falling numbers above 0 and at most 1"):
            create("thermalized", 1, 1, LINE, base=FNO, stage=FNO, levels=levels)
    with raises_input("steps", 0, "give at least 1"):
        create("thermalized", 1, 1, LINE, base=FNO, stage=FNO, steps=0)
    with raises_input("conditions", 2, "give a number from 0 to 1"):
        create("thermalized", 2, 1, LINE, base=FNO, stage=FNO, conditions=2)
