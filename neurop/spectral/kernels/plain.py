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


def to_degrees(lines: Tensor, analysis: Tensor) -> Tensor:
    """Return the Legendre analysis ``(orders, degrees, batch, 2, channels)`` of each order.

    Parameters
    ----------
    lines
        Spectrum in longitude, ``(batch, latitudes, 2 orders, channels)``.
    analysis
        Matrices ``(orders, degrees, latitudes)``.
    """
    batch, latitudes, _, channels = lines.shape
    orders, degrees, _ = analysis.shape
    columns = (
        lines.reshape(batch, latitudes, orders, 2 * channels)
        .permute(2, 1, 0, 3)
        .reshape(orders, latitudes, -1)
    )
    return torch.bmm(analysis, columns).view(orders, degrees, batch, 2, channels)


def from_degrees(c: Tensor, synthesis: Tensor) -> Tensor:
    """Return the Legendre synthesis ``(batch, latitudes, 2 orders, channels)`` of each order.

    Parameters
    ----------
    c
        Coefficients ``(orders, degrees, batch, 2, channels)``.
    synthesis
        Matrices ``(orders, latitudes, degrees)``.
    """
    orders, degrees, batch, _, channels = c.shape
    latitudes = synthesis.shape[1]
    lines = torch.bmm(synthesis, c.reshape(orders, degrees, -1)).view(
        orders, latitudes, batch, 2 * channels
    )
    return lines.permute(2, 1, 0, 3).reshape(batch, latitudes, 2 * orders, channels)


def mix_degrees(c: Tensor, weight: Tensor) -> Tensor:
    """Multiply the channels of each degree by its matrix.

    Parameters
    ----------
    c
        Coefficients ``(orders, degrees, batch, 2, in)``.
    weight
        ``(degrees, in, 1, out)`` real, or ``(degrees, in, 2, out)`` with real and imaginary part.
    """
    orders, degrees, batch, _, channels = c.shape
    rows = c.transpose(0, 1).reshape(degrees, -1, channels)
    mixed = torch.bmm(rows, weight.flatten(2)).view(degrees, orders, batch, 2, *weight.shape[2:])
    if weight.shape[2] == 1:
        return mixed.squeeze(4).transpose(0, 1)
    # The coefficient of the complex harmonics is the cosine's minus i times the sine's.
    (cr, ci), (sr, si) = (part.unbind(3) for part in mixed.unbind(3))
    return torch.stack([cr + si, sr - ci], 3).transpose(0, 1)


def sphere(lines: Tensor, analysis: Tensor, synthesis: Tensor, weight: Tensor) -> Tensor:
    """Return analysis, mixing and synthesis of each order (``convolve_degrees``)."""
    return from_degrees(mix_degrees(to_degrees(lines, analysis), weight), synthesis)


def mix(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Return packed coefficients with the channels of each mode mixed (``mix_packed``)."""
    return from_signed(mix_signed(to_signed(c, kept), restrict(weight, modes, kept)), kept)
