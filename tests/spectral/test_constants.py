"""Constants are made once, serve training whatever they were first made for, and enter graphs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.spectral import constant_tensor

CPU = torch.device("cpu")
MADE: list[tuple[int, float]] = []


@constant_tensor(maxsize=2)
def powers(n: int, base: float) -> np.ndarray:
    if not torch.compiler.is_compiling():
        MADE.append((n, base))
    return base ** np.arange(n)


@pytest.fixture(autouse=True)
def unused() -> Iterator[None]:
    yield
    MADE.clear()


def test_a_constant_is_made_once_per_argument_type_and_device() -> None:
    first = powers(4, 0.1, torch.float64, CPU)
    assert first.tolist() == [0.1**k for k in range(4)]
    assert powers(4, 0.1, torch.float64, CPU) is first
    single = powers(4, 0.1, torch.float32, CPU)
    assert torch.equal(single, first.float())
    powers(3, 0.1, torch.float64, CPU)
    assert MADE == [(4, 0.1), (4, 0.1), (3, 0.1)]
    # Two are kept: the first was used longest ago.
    assert powers(4, 0.1, torch.float64, CPU) is not first


def test_a_constant_first_made_under_inference_mode_serves_training() -> None:
    with torch.inference_mode():
        made = powers(5, 0.5, torch.float32, CPU)
    assert not made.is_inference()
    assert not made.requires_grad
    x = torch.ones(5, requires_grad=True)
    (x * made).sum().backward()
    assert torch.equal(x.grad, made)


def test_the_default_device_does_not_matter() -> None:
    with torch.device("meta"):
        made = powers(3, 7.0, torch.float32, CPU)
    assert made.tolist() == [1.0, 7.0, 49.0]


class Scale(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * powers(x.shape[-1], 3.0, x.dtype, x.device)


@pytest.mark.parametrize("inference", [False, True])
def test_a_compiled_graph_holds_the_constant(inference: bool) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(Scale(), fullgraph=True, backend="eager")
    with torch.inference_mode(inference):
        assert compiled(torch.ones(2, 3)).tolist() == [[1.0, 3.0, 9.0]] * 2


def test_an_exported_graph_holds_the_constant() -> None:
    exported = torch.export.export(Scale(), (torch.ones(2, 3),), strict=True)
    assert exported.module()(torch.full((2, 3), 2.0)).tolist() == [[2.0, 6.0, 18.0]] * 2
