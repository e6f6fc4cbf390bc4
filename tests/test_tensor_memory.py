"""Bytes of tensors, against counts by hand."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from neurop.tensor_memory import peak_bytes, saved_bytes


def test_what_a_linear_layer_keeps_is_its_input() -> None:
    layer, x = nn.Linear(30, 20), torch.rand(100, 30, requires_grad=True)
    assert saved_bytes(lambda: layer(x), layer.parameters()) == 4 * 100 * 30
    assert saved_bytes(lambda: layer(x)) == 4 * (100 * 30 + 20 * 30)


def test_shared_memory_counts_once_and_is_counted_without_gradients_too() -> None:
    x = torch.rand(100, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        assert saved_bytes(lambda: x * x) == 8 * 100
        assert saved_bytes(lambda: x[:50].sin() + x[50:].sin()) == 8 * 100


def test_what_is_evaluated_again_is_not_kept() -> None:
    x = torch.rand(100, requires_grad=True)

    def call() -> torch.Tensor:
        return checkpoint(lambda z: (2 * z.exp()).sin(), x, use_reentrant=False)  # type: ignore[no-any-return]

    assert saved_bytes(lambda: (2 * x.exp()).sin()) == 2 * 4 * 100
    assert saved_bytes(call) == 4 * 100  # the input alone


def test_memory_of_an_earlier_measurement_that_is_freed_does_not_count() -> None:
    kept: list[torch.Tensor] = []

    def call() -> torch.Tensor:
        kept.clear()
        return torch.ones(500_000)

    assert peak_bytes(lambda: kept.append(torch.zeros(250_000))) == 1_000_000
    assert peak_bytes(call) == 2_000_000
