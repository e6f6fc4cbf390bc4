from __future__ import annotations

from typing import Any

import pytest
import torch
from contracts import Case, LocalOperatorContract
from raising import raises_input

from neurop.geometry.grid import Grid
from neurop.models import Boosted, create
from neurop.models.operator import Operator
from neurop.registry import Spec

LINE, PLANE = Grid.periodic(1), Grid.periodic(2)
SMALL = {"width": 6, "depth": 1}
FNO = Spec("fno", {"modes": 4, **SMALL})
WIDE = Spec("t1", {"modes": 6, **SMALL})
UNET = Spec("unet", {"width": 4, "levels": 1})
SFNO = Spec("sfno", {"modes": 4, **SMALL})
CHAIN = Spec("boosted", {"base": FNO, "stage": WIDE})


def case(domain: Grid, shape: tuple[int, ...], base: Spec, stage: Spec, **more: Any) -> Case:
    """Return a case, whose parameters are those of both networks: the stage has 2 + 3 inputs."""
    sizes = {"numbers": more.get("numbers", ())}
    parts = (create(base, 2, 3, domain, **sizes), create(stage, 5, 3, domain, **sizes))
    count = sum(weight.numel() for part in parts for weight in part.parameters())
    return Case(domain, shape, count, arguments={"base": base, "stage": stage}, **more)


class TestBoosted(LocalOperatorContract):
    name = "boosted"
    depth = 2
    frozen = "base."
    misspelt = ("stag", "stage")
    cases = {
        "numbers": case(
            LINE, (16,), FNO, FNO, resolved={(5,): (3,), (64,): (4,)}, refinement=1e-3, numbers=(1,)
        ),
        # Of 9 points the base has all of its 4 modes, the stage 5 of 6.
        "plane": case(
            PLANE, (12, 16), FNO, WIDE, resolved={(9, 9): (5, 5), (5, 30): (3, 6)}, refinement=1e-3
        ),
        "band": case(LINE, (16,), WIDE, WIDE, resolved={(9,): (5,)}, refinement=1e-3),
        "three": case(LINE, (16,), CHAIN, FNO, resolved={(9,): (5,)}, refinement=1e-3),
        "local": case(LINE, (16,), UNET, FNO, resolved={(5,): (3,)}),
    }


@torch.no_grad()
def test_the_formula() -> None:
    torch.manual_seed(0)
    model = create("boosted", 2, 3, LINE, base=FNO, stage=WIDE).double()
    assert isinstance(model, Boosted)
    model.scale[:] = torch.tensor([1.0, 0.5, 0.0])
    x = torch.randn(2, 2, 16, dtype=torch.float64)
    y = model.base(x)
    change = (model(x) - y) / model.stage(torch.cat([x, y], 1))
    torch.testing.assert_close(change.amax((0, 2)), model.scale)
    torch.testing.assert_close(change.amin((0, 2)), model.scale)


def test_gradients_flow_through_the_frozen_base() -> None:
    torch.manual_seed(0)
    model = create("boosted", 1, 1, LINE, base=FNO, stage=FNO).double()
    x = torch.randn(1, 1, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: model(model(x)), x)


def test_the_base_stays_in_evaluation_mode_and_frozen() -> None:
    model = create("boosted", 1, 1, LINE, base=CHAIN, stage=FNO)
    for mode in (True, False):
        model.train(mode)
        assert {m.training for m in model.base.modules()} == {False}  # type: ignore[union-attr]
        assert {m.training for m in model.stage.modules()} == {mode}  # type: ignore[union-attr]
    loose = {name.split(".")[0] for name, p in model.named_parameters() if p.requires_grad}
    assert loose == {"stage"}


@torch.no_grad()
def test_truncation_of_two_bands() -> None:
    torch.manual_seed(0)
    low, high = (Spec("t1", {"modes": modes, **SMALL}) for modes in (3, 6))
    x = torch.arange(32).double() / 32
    waves = [torch.cos(2 * torch.pi * k * x + k) for k in (2, 5, 9)]
    for base, stage in ((low, high), (high, low)):
        model = create("boosted", 1, 1, LINE, base=base, stage=stage).double()
        assert isinstance(model, Boosted)
        model.scale.fill_(1e-3)
        held = model.truncated(sum(waves)[None, None])  # type: ignore[arg-type, index]
        torch.testing.assert_close(held, (waves[0] + waves[1])[None, None])
    assert (
        create("boosted", 1, 1, LINE, base=low, stage=FNO).truncated(x[None, None].float()) is None
    )
    assert (
        create("boosted", 1, 1, LINE, base=FNO, stage=low).truncated(x[None, None].float()) is None
    )


@pytest.mark.parametrize(("base", "stage"), [(FNO, UNET), (UNET, FNO), (SFNO, SFNO), (FNO, FNO)])
def test_what_a_graph_of_both_can_take(base: Spec, stage: Spec) -> None:
    domain = Grid.latlon() if base == SFNO else PLANE
    model = create("boosted", 1, 1, domain, base=base, stage=stage)
    assert model.resolution_invariant is (UNET not in (base, stage))
    assert bool(model.one_grid) is (base == SFNO)
    assert model.modes == (4, 4)
    local: Operator = create("boosted", 1, 1, PLANE, base=UNET, stage=UNET)
    assert local.modes is local.resolved((8, 8)) is local.nyquist((8, 8)) is None


def test_an_unknown_part() -> None:
    with raises_input("model", "fmo", "did you mean 'fno'"):
        create("boosted", 1, 1, LINE, base=Spec("fmo"), stage=FNO)
