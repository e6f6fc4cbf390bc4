"""The fused operations in PyTorch, for any device, dtype and transformation: the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import gelu, linear

from neurop.spectral.mixing import from_signed, restrict, to_signed
from neurop.spectral.mixing import mix as mix_signed


def has_autocast(x: Tensor) -> bool:
    """Return whether operations on `x` are under autocast; the meta device has none."""
    return x.device.type != "meta" and torch.is_autocast_enabled(x.device.type)


def in_float32(call: Callable[..., Any], *tensors: Tensor) -> Any:
    """Call with autocast off, on float32 tensors.

    In bfloat16 the rounding errors of a transform would exceed its small high modes.
    """
    if not has_autocast(tensors[0]):
        return call(*tensors)
    with torch.autocast(tensors[0].device.type, enabled=False):
        return call(*(t.float() for t in tensors))


def mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """Return W2 GELU(W1 x + b1) + b2."""
    return linear(gelu(linear(x, w1, b1)), w2, b2)


def tail(
    s: Tensor,
    analysis: Tensor | None,
    x: Tensor,
    z: Tensor,
    w: Tensor,
    b: Tensor,
    *parameters: Tensor,
) -> tuple[Tensor, Tensor | None]:
    """Return y = x + MLP(GELU(S z + W x + b)) and A y."""
    y = x + mlp(gelu(in_float32(torch.matmul, s, z) + linear(x, w, b)), *parameters)
    return y, None if analysis is None else in_float32(torch.matmul, analysis, y)


def mix(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Return packed coefficients with the channels of each mode mixed (``mix_packed``)."""
    return from_signed(mix_signed(to_signed(c, kept), restrict(weight, modes, kept)), kept)
