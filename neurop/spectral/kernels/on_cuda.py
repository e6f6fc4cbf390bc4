"""The fused operations by CUDA kernels, for contiguous float32 fields.

Arguments are those of :mod:`neurop.spectral.kernels.ops`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import gelu

from neurop.spectral.kernels import cuda, launches


def rows(matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
    """Return the product of the matrix, or its transpose, with each line ``(k, columns)``."""
    return _product([(_each(matrix.t() if adjoint else matrix, x), x)])


def rows_first(matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
    """Return the same from or to channels first, as ``torch.ops.neurop.rows_first``."""
    if (points == 0) != adjoint:
        y = rows(matrix, points, x.flatten(0, 1), adjoint).unflatten(0, x.shape[:2])
        return y.movedim(-1, 1).contiguous()
    last = x.movedim(1, -1).contiguous()
    return rows(matrix, points, last.flatten(0, 1), adjoint).unflatten(0, last.shape[:2])


def linear_backward(g: Tensor, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of x, W and b."""
    return g @ w, *_sums(g.reshape(-1, g.shape[-1]), x.reshape(-1, x.shape[-1]))


def mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """Return the MLP of each point."""
    return _points(_points(x, w1.t(), bias=b1, activate=True), w2.t(), bias=b2)


def mlp_backward(
    g: Tensor, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, gate: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Return the gradients of x, times the derivative of the GELU at `gate`, and parameters."""
    e = x.new_empty(len(x), len(b1))
    u = _points(x, w1.t(), bias=b1, kept=e, activate=True)
    ge = _points(g, w2, gate=e)
    return _points(ge, w1, gate=gate), *_sums(ge, x), *_sums(g, u)


def tail(
    s: Tensor,
    analysis: Tensor | None,
    x: Tensor,
    z: Tensor,
    w: Tensor,
    b: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    b2: Tensor,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the two outputs and the input of the first GELU (empty without `keep`)."""
    channels, kept = x.shape[-1], torch.empty_like(x) if keep else x.new_empty(0)
    # Synthesis, skip, bias and activation in one pass.
    h = _product(
        [(_each(s, x), z), (x, _each(w.t().contiguous(), x))],
        bias=b,
        kept=kept if keep else None,
        activate=True,
    )
    u = _points(h.view(-1, channels), w1.t(), bias=b1, activate=True)
    y = _points(u, w2.t(), bias=b2, add=x.view(-1, channels)).view(x.shape)
    return y, x.new_empty(0) if analysis is None else _product([(_each(analysis, y), y)]), kept


def tail_backward(
    g: Tensor,
    g_ahead: Tensor | None,
    kept: Tensor,
    s: Tensor,
    analysis: Tensor | None,
    x: Tensor,
    z: Tensor,
    w: Tensor,
    b: Tensor,
    *mlp: Tensor,
) -> tuple[Tensor, ...]:
    """Return the gradients of x, z, W, b and the MLP's parameters."""
    channels = x.shape[-1]
    if analysis is not None and g_ahead is not None:
        g = _product([(_each(analysis.t(), g), g_ahead)], add=g)
    points, a = g.view(-1, channels), kept.view(-1, channels)
    w1, b1, w2, b2 = mlp
    ga, *of_mlp = mlp_backward(points, gelu(a), w1, b1, w2, b2, a)
    gx = _points(ga, w, add=points).view(x.shape)
    return (
        gx,
        _product([(_each(s.t(), x), ga.view(x.shape))]),
        *_sums(ga, x.view(-1, channels)),
        *of_mlp,
    )


def mix(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Return the mixed coefficients."""
    y = c.new_empty(*c.shape[:-1], weight.shape[-1])
    cuda.launch(launches.mix(c.contiguous(), weight.contiguous(), y, modes, kept))
    return y


def mix_backward(
    g: Tensor, c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return the gradients of c and of the weights."""
    c, weight = c.contiguous(), weight.contiguous()
    gc, gw = (
        torch.empty_like(c),
        torch.empty_like(weight) if list(modes) == list(kept) else torch.zeros_like(weight),
    )
    cuda.launch(launches.mix(g, weight, gc, modes, kept, adjoint=True))
    cuda.launch(launches.mix_weight(c, weight, g, gw, modes, kept))
    return gc, gw


def _product(factors: Sequence[tuple[Tensor, Tensor]], **ends: Any) -> Tensor:
    a, b = factors[0]
    out = a.new_empty(a.shape[0], a.shape[1], b.shape[2])
    cuda.launch(launches.product(factors, out, **ends))
    return out


def _points(
    x: Tensor,
    matrix: Tensor,
    add: Tensor | None = None,
    gate: Tensor | None = None,
    kept: Tensor | None = None,
    **ends: Any,
) -> Tensor:
    """Return the fused product of ``(points, k)`` and ``(k, n)``; options as for `launches`."""
    fields = {
        name: None if t is None else t[None]
        for name, t in (("add", add), ("gate", gate), ("kept", kept))
    }
    return _product([(x[None], matrix.contiguous()[None])], **fields, **ends)[0]


def _each(matrix: Tensor, rows: Tensor) -> Tensor:
    return matrix.expand(len(rows), -1, -1)


def _sums(g: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of a layer's weight and bias."""
    return g.t() @ x, g.sum(0)
