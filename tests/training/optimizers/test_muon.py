from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from raising import raises_input
from torch import Tensor, nn

from neurop.models import FNO
from neurop.training.optimizers.layouts import ends, layouts
from neurop.training.optimizers.muon import Muon

from .steps import take, weights


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="of PyTorch 2.9")
def test_plain_matrices_have_the_step_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    # In its own precision, of 16 bits, the two agree to 1/100.
    monkeypatch.setattr(torch.Tensor, "bfloat16", Tensor.double)
    how: dict[str, Any] = {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.3}
    a, b = (weights((6, 4), (4, 6), (5, 5)) for _ in range(2))
    found = take(Muon(a, **how), a, 7)
    known = take(torch.optim.Muon(b, **how, adjust_lr_fn="match_rms_adamw"), b, 7)
    for one, other in zip(found, known):
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


def test_other_weights_have_the_step_of_adamw() -> None:
    how: dict[str, Any] = {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.3}
    a, b = (weights((6,), (3, 4, 5), ()) for _ in range(2))
    found, known = take(Muon(a, **how), a, 7), take(torch.optim.AdamW(b, **how), b, 7)
    for one, other in zip(found, known):
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


def test_complex_weights_have_the_step_of_adamw() -> None:
    how: dict[str, Any] = {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.3}
    a, b = (weights((3, 4), dtype=torch.complex128) for _ in range(2))
    (found,), (known,) = take(Muon(a, **how), a, 7), take(torch.optim.AdamW(b, **how), b, 7)
    torch.testing.assert_close(found, known, rtol=1e-13, atol=1e-13)


def network() -> FNO:
    torch.manual_seed(0)
    return FNO(1, 1, modes=(3, 3), width=6, depth=1).double()


def after_a_step(net: nn.Module, **how: Any) -> dict[str, Tensor]:
    """Return the change of every weight by a step."""
    optimizer = Muon(net.parameters(), lr=0.1, weight_decay=0.0, **how)
    optimizer.arrange(net)
    before = [weight.detach().clone() for weight in net.parameters()]
    after = take(optimizer, list(net.parameters()), 1)
    names = (name for name, _ in net.named_parameters())
    return {name: b - a for name, a, b in zip(names, before, after)}


def test_the_step_of_a_mode_is_a_multiple_of_a_unitary_matrix() -> None:
    step = after_a_step(network())["blocks.0.spectral.weight"]
    for matrix in torch.complex(step[..., 0, :], step[..., 1, :]).flatten(0, -3):
        # All singular values are near that of the real form, of 12 rows and columns.
        values = torch.linalg.svdvals(matrix) / (0.1 * 0.2 * math.sqrt(12))
        assert values.min() > 0.45
        assert values.max() < 1.21


def test_a_step_has_the_size_of_one_of_adamw() -> None:
    net = network()
    for name, step in after_a_step(net).items():
        weight = net.get_parameter(name)
        adam = weight in ends(net) or weight not in layouts(net)
        size = step.square().mean().sqrt()
        # The first step of Adam has the size of the rate for all numbers.
        assert size == pytest.approx(0.1 if adam else 0.1 * 0.2, rel=1e-6 if adam else 0.2)


def test_modes_without_a_gradient_stay() -> None:
    net = network()
    optimizer = Muon(net.parameters(), weight_decay=0.0)
    optimizer.arrange(net)
    take(optimizer, list(net.parameters()), 3)
    weight = net.get_parameter("blocks.0.spectral.weight")
    before = weight.detach().clone()
    net.zero_grad()
    weight.grad = torch.zeros_like(weight)
    weight.grad[1, 2] = 1.0
    optimizer.step()
    changed = (weight != before).flatten(2).any(-1)
    assert changed.sum() == 1
    assert changed[1, 2]
    assert net.get_parameter("lift.weight").grad is None


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_gradient_does_not_matter(scale: float) -> None:
    a, b = weights((5, 4)), weights((5, 4))
    (found,) = take(Muon(a), a, 5, scale=scale)
    torch.testing.assert_close(found, take(Muon(b), b, 5)[0], rtol=1e-9, atol=1e-12)


def test_the_state_continues_bit_for_bit() -> None:
    a = weights((5, 4), (3,), dtype=torch.float32)
    first = Muon(a)
    take(first, a, 3)
    b = copy.deepcopy(a)
    second = Muon(b, lr=1.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for one, other in zip(take(first, a, 4, first=3), take(second, b, 4, first=3)):
        assert torch.equal(one, other)


def test_the_memory_is_that_of_the_state() -> None:
    net = network()
    net.get_parameter("project.expand.weight").requires_grad_(False)
    trained = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = Muon(net.parameters())
    optimizer.arrange(net)
    take(optimizer, trained, 1)
    tensors = [v for s in optimizer.state.values() for v in s.values() if isinstance(v, Tensor)]
    assert optimizer.state_bytes() == sum(t.numel() * t.element_size() for t in tensors)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", -1.0),
        ("lr", math.inf),
        ("momentum", 1.0),
        ("betas", (0.9, 1.0)),
        ("betas", (0.9,)),
        ("weight_decay", -1e-3),
    ],
)
def test_wrong_settings(name: str, value: Any) -> None:
    with raises_input(name, value):
        Muon(weights((2, 2)), **{name: value})
