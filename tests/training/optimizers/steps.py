"""Steps of an optimizer with given gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def weights(*shapes: Sequence[int], dtype: torch.dtype = torch.float64) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(s, dtype=dtype, generator=generator)) for s in shapes]


def take(
    optimizer: Optimizer, params: Sequence[Any], number: int, first: int = 0, scale: float = 1.0
) -> list[Tensor]:
    """Return the weights after steps with random gradients of the same numbers at each call."""
    for step in range(first, first + number):
        generator = torch.Generator().manual_seed(100 + step)
        for weight in params:
            made = torch.randn(weight.shape, dtype=weight.dtype, generator=generator)
            weight.grad = scale * made
        optimizer.step()
    return [weight.detach().clone() for weight in params]
