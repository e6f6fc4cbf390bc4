from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from raising import raises_input
from torch import Tensor
from torch.optim import Optimizer

from neurop.models import FNO
from neurop.training.optimizers.soap import SOAP

from .steps import take, weights

ADAM: dict[str, Any] = {"lr": 0.01, "betas": (0.9, 0.95), "weight_decay": 0.3}


def test_without_bases_it_is_adamw() -> None:
    a, b = (weights((6, 4), (3,), (2, 3, 4)) for _ in range(2))
    found = take(SOAP(a, **ADAM, largest=1), a, 7)
    for one, other in zip(found, take(torch.optim.AdamW(b, **ADAM), b, 7)):
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


def test_with_identity_bases_it_is_adamw_after_the_first_step() -> None:
    a, b = weights((6, 4)), weights((6, 4))
    soap = SOAP(a, **ADAM, interval=100)
    take(soap, a, 1)
    state = soap.state[a[0]]
    for side, size in (("left", 6), ("right", 4)):
        state[f"{side}_basis"] = torch.eye(size, dtype=torch.float64)
    with torch.no_grad():
        a[0].copy_(b[0])
    (found,) = take(soap, a, 5)
    (known,) = take(torch.optim.AdamW(b, **ADAM), b, 5)
    torch.testing.assert_close(found, known, rtol=1e-13, atol=1e-13)


def rotation(size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=generator))[0]


def error_after(make: Callable[..., Optimizer], turn: bool, steps: int = 500) -> float:
    """Return the relative squared error of a linear regression of inputs whose variances are
    between 1 and 10^-4 along axes that are turned or not.
    """
    generator = torch.Generator().manual_seed(5)
    axes = rotation(8, 1) if turn else torch.eye(8, dtype=torch.float64)
    half = axes * torch.logspace(0, -2, 8, dtype=torch.float64)
    truth = torch.randn(8, 8, dtype=torch.float64, generator=generator) @ axes.mT
    weight = torch.nn.Parameter(torch.zeros(8, 8, dtype=torch.float64))
    optimizer = make([weight], lr=0.03, betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 - step / steps)
        inputs = half @ torch.randn(8, 16, dtype=torch.float64, generator=generator)
        optimizer.zero_grad()
        ((weight - truth) @ inputs).square().sum().backward()
        optimizer.step()
    squares = [((w - truth) @ half).square().sum().item() for w in (weight.detach(), 0)]
    return squares[0] / squares[1]


def test_turned_axes_cost_adam_steps_but_not_soap() -> None:
    soap = [error_after(SOAP, turn) for turn in (False, True)]
    adam = [error_after(torch.optim.AdamW, turn) for turn in (False, True)]
    assert max(soap) < 1e-7
    assert adam[0] < 1e-7
    assert adam[1] > 1e-5  # at the same rate


def test_bases_are_orthonormal_and_become_the_eigenvectors() -> None:
    (weight,) = params = weights((6, 4))
    optimizer, turn = SOAP(params, interval=1), rotation(6, 1)
    spread = turn * torch.logspace(0, -2, 6, dtype=torch.float64)
    for step in range(400):
        generator = torch.Generator().manual_seed(step)
        weight.grad = spread @ torch.randn(6, 4, dtype=torch.float64, generator=generator)
        optimizer.step()
    basis = optimizer.state[weight]["left_basis"]
    torch.testing.assert_close(basis.mT @ basis, torch.eye(6).double(), rtol=0, atol=1e-12)
    moments = basis.mT @ optimizer.state[weight]["left"] @ basis
    diagonal = moments.diagonal()
    assert (diagonal.diff() < 0).all()
    assert (moments - diagonal.diag()).norm() < 1e-3 * moments.norm()
    # Each is near the axis of the gradients that it follows.
    assert (basis.mT @ turn).diagonal().abs().min() > 0.9


def test_a_turned_problem_has_the_turned_steps() -> None:
    (a,), (b,) = one, other = weights((5, 4)), weights((5, 4))
    left, right = rotation(5, 1), rotation(4, 2)
    with torch.no_grad():
        b.copy_(left @ a @ right)
    first, second = SOAP(one, interval=2), SOAP(other, interval=2)
    for step in range(6):
        generator = torch.Generator().manual_seed(step)
        a.grad = torch.randn(5, 4, dtype=torch.float64, generator=generator)
        b.grad = left @ a.grad @ right
        first.step()
        second.step()
    torch.testing.assert_close(left @ a @ right, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-4, 1e6])
def test_the_scale_of_the_gradient_does_not_matter(scale: float) -> None:
    a, b = weights((5, 4)), weights((5, 4))
    (found,) = take(SOAP(a, interval=2), a, 6, scale=scale)
    torch.testing.assert_close(found, take(SOAP(b, interval=2), b, 6)[0], rtol=1e-3, atol=1e-7)


def test_a_gradient_of_zero_changes_nothing() -> None:
    params = weights((5, 4), (3,))
    before = [weight.detach().clone() for weight in params]
    after = take(SOAP(params, weight_decay=0.0, interval=2), params, 5, scale=0.0)
    assert all(torch.equal(one, other) for one, other in zip(before, after))


def test_modes_share_their_bases() -> None:
    net = FNO(1, 1, modes=(3, 3), width=6, depth=1).double()
    optimizer = SOAP(net.parameters())
    optimizer.arrange(net)
    weight = net.get_parameter("blocks.0.spectral.weight")
    take(optimizer, list(net.parameters()), 1)
    assert weight.grad is not None
    state = optimizer.state[weight]
    inputs = weight.grad.movedim(-3, 0).flatten(1)  # (in, all modes, parts and outputs)
    torch.testing.assert_close(state["left"], inputs @ inputs.mT)
    outputs = weight.grad.flatten(0, -2)
    torch.testing.assert_close(state["right"], outputs.mT @ outputs)


def test_a_long_side_has_no_basis() -> None:
    params = weights((3, 9))
    optimizer = SOAP(params, largest=8)
    take(optimizer, params, 2)
    names = {"step", "exp_avg", "rotated_sq", "left", "left_basis"}
    assert set(optimizer.state[params[0]]) == names
    assert optimizer.state_bytes() == 8 * (2 * 27 + 2 * 9)


def test_the_state_continues_bit_for_bit() -> None:
    a = weights((5, 4), (3,), dtype=torch.float32)
    first = SOAP(a, interval=2)
    take(first, a, 3)
    b = copy.deepcopy(a)
    second = SOAP(b, lr=1.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for one, other in zip(take(first, a, 5, first=3), take(second, b, 5, first=3)):
        assert torch.equal(one, other)


def test_the_memory_is_that_of_the_state() -> None:
    net = FNO(1, 1, modes=(3, 3), width=6, depth=1)
    optimizer = SOAP(net.parameters())
    optimizer.arrange(net)
    take(optimizer, list(net.parameters()), 1)
    tensors = [v for s in optimizer.state.values() for v in s.values() if isinstance(v, Tensor)]
    assert optimizer.state_bytes() == sum(t.numel() * t.element_size() for t in tensors)


@pytest.mark.parametrize(
    ("name", "value"), [("lr", -1.0), ("betas", (1.0, 0.9)), ("interval", 0), ("largest", 0)]
)
def test_wrong_settings(name: str, value: Any) -> None:
    with raises_input(name, value):
        SOAP(weights((2, 2)), **{name: value})
