"""The fused operations by CPU kernels, for contiguous float32 fields.

Arguments are those of :mod:`neurop.spectral.kernels.ops`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.spectral.kernels.folding import Folded, folded
from neurop.spectral.kernels.hemispheres import hemispheres
from neurop.spectral.kernels.native import call


def rows(matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
    """Return the product of the matrix, or its transpose, with each line ``(k, columns)``."""
    axis = folded(matrix, points)
    n, size = axis.sizes[:2]
    synthesize = (points == 0) != adjoint
    y = x.new_empty(len(x), n if synthesize else size, x.shape[2])
    call("rows", (len(x), x.shape[2], int(synthesize), *axis.sizes), axis.arrays, x, y)
    return y


def rows_first(matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
    """Return the same from or to channels first, as ``torch.ops.neurop.rows_first``."""
    axis = folded(matrix, points)
    n, size = axis.sizes[:2]
    synthesize = (points == 0) != adjoint
    batch, channels = len(x), x.shape[3 if synthesize else 1]
    lines = x.shape[1 if synthesize else 2]
    y = x.new_empty((batch, channels, lines, n) if synthesize else (batch, lines, size, channels))
    sizes = (batch, channels, lines, int(synthesize), *axis.sizes)
    call("rows_first", sizes, axis.arrays, x, y)
    return y


def linear_backward(g: Tensor, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of x, W and b."""
    x = x.contiguous()
    gx, sums = torch.empty_like(x), [torch.zeros_like(w), w.new_zeros(len(w))]
    call(
        "linear_backward",
        (x.numel() // x.shape[-1], x.shape[-1], len(w)),
        x,
        w.contiguous(),
        g,
        gx,
        sums,
    )
    return gx, sums[0], sums[1]


def mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """Return the MLP of each point."""
    y = x.new_empty(len(x), len(b2))
    call("mlp_forward", (len(x), x.shape[1], len(b1), len(b2)), x, _mlp(w1, b1, w2, b2), y)
    return y


def mlp_backward(g: Tensor, x: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
    """Return the gradients of x and of the parameters."""
    gx, sums = torch.empty_like(x), [torch.zeros_like(p) for p in parameters]
    sizes = (len(x), x.shape[1], len(parameters[1]), len(parameters[3]))
    call("mlp_backward", sizes, x, _mlp(*parameters), g, gx, sums)
    return gx, *sums


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
    y, kept = torch.empty_like(x), torch.empty_like(x) if keep else x.new_empty(0)
    ahead = x.new_empty(0) if analysis is None else x.new_empty(len(x), len(analysis), x.shape[-1])
    sizes, matrices = _axes(s, analysis)
    weights = (w.t().contiguous(), b.contiguous(), _mlp(w1, b1, w2, b2))
    wanted = (None if analysis is None else ahead, kept if keep else None)
    call(
        "block_forward",
        (len(x), x.shape[2], len(b1), *sizes),
        x,
        z,
        *matrices,
        *weights,
        y,
        *wanted,
    )
    return y, ahead, kept


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
    gx, gz, sums = (
        torch.empty_like(x),
        torch.empty_like(z),
        [torch.zeros_like(p) for p in (w, b, *mlp)],
    )
    sizes, matrices = _axes(s, analysis)
    given = (x, kept, *matrices, w.contiguous(), _mlp(*mlp), g, g_ahead)
    sizes = (len(x), x.shape[2], len(mlp[1]), *sizes)
    call("block_backward", sizes, *given, gx, gz, sums)
    return gx, gz, *sums


def mix(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Return the mixed coefficients."""
    y = c.new_empty(*c.shape[:-1], weight.shape[-1])
    call("mix_forward", _mix(c, weight, modes, kept), c.contiguous(), weight.contiguous(), y)
    return y


def mix_backward(
    g: Tensor, c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return the gradients of c and of the weights."""
    # The kernel writes the retained modes only.
    gc, gw = (
        c.new_empty(c.shape),
        weight.new_empty(weight.shape)
        if list(modes) == list(kept)
        else weight.new_zeros(weight.shape),
    )
    call(
        "mix_backward", _mix(c, weight, modes, kept), c.contiguous(), weight.contiguous(), g, gc, gw
    )
    return gc, gw


def sphere(x: Tensor, analysis: Tensor, synthesis: Tensor, weight: Tensor) -> Tensor:
    """Return the convolution on the sphere of a spectrum in longitude."""
    y = x.new_empty(len(x), synthesis.shape[1], x.shape[2], weight.shape[-1])
    sizes, matrices = _sphere(x, analysis, synthesis, weight)
    call("sphere_forward", sizes, x, *matrices, weight.contiguous(), y)
    return y


def sphere_backward(
    g: Tensor, x: Tensor, analysis: Tensor, synthesis: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of x and of the weights."""
    gx, gw = x.new_empty(x.shape), weight.new_zeros(weight.shape)
    sizes, matrices = _sphere(x, analysis, synthesis, weight)
    call("sphere_backward", sizes, g, x, *matrices, weight.movedim(1, -1).contiguous(), gx, gw)
    return gx, gw


def _sphere(
    x: Tensor, analysis: Tensor, synthesis: Tensor, weight: Tensor
) -> tuple[tuple[int, ...], tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]]:
    halves = hemispheres(analysis, 2), hemispheres(synthesis, 1)
    degrees, channels, parts, out = weight.shape
    sizes = (len(x), len(analysis), degrees, channels, out, parts, x.shape[1], synthesis.shape[1])
    return sizes, halves


def _mix(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> tuple[int, ...]:
    return (c.shape[0], weight.shape[-3], weight.shape[-1], len(modes), *modes, *kept)


def _mlp(w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> list[Tensor]:
    """Return the parameters in the kernels' order, each weight followed by its transpose."""
    return [
        w1.contiguous(),
        w1.t().contiguous(),
        b1.contiguous(),
        w2.contiguous(),
        w2.t().contiguous(),
        b2.contiguous(),
    ]


def _axes(
    s: Tensor, analysis: Tensor | None
) -> tuple[tuple[int, ...], tuple[tuple[Tensor | None, ...], ...]]:
    """Return sizes and arrays of the two matrices: S by points, A by functions."""
    of_s = folded(s, 0)
    of_a = Folded((len(s), 0, 1, 0, 0), (None,) * 4) if analysis is None else folded(analysis, 1)
    return (*of_s.sizes, *of_a.sizes), (of_s.arrays, of_a.arrays)
