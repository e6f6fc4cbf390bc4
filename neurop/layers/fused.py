"""Pointwise work in one pass over the field, where the CPU kernels can take it.

PyTorch writes each intermediate field to memory and reads it back. The kernels carry a few points at a time through all steps
while they are in the cache, and compute most intermediates again in the backward pass instead of keeping them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.functional import gelu

from neurop.spectral import halved, native


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    r"""Return :math:`W x + b` over the last axis."""
    if not native.tracked(x, weight, bias) or not native.usable(x, weight, bias):
        return functional.linear(x, weight, bias)
    return _Linear.apply(x, weight, bias)


def mlp(x: Tensor, *parameters: Tensor) -> Tensor:
    r"""Return :math:`W_2\,\mathrm{GELU}(W_1 x + b_1) + b_2` over the last axis; parameters in the order W1, b1, W2, b2."""
    if not native.usable(x, *parameters):
        return _plain_mlp(x, *parameters)
    points = x.reshape(-1, x.shape[-1]).contiguous()
    y = _Mlp.apply(points, *parameters) if native.tracked(x, *parameters) else _mlp_forward(points, *parameters)
    return y.view(*x.shape[:-1], len(parameters[-1]))


def block_tail(
    x: Tensor, spectrum: Tensor, synthesis: Tensor, analysis: Tensor | None, skip: tuple[Tensor, Tensor], mlp: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor | None]:
    r"""Return :math:`y = x + \mathrm{MLP}\bigl(\mathrm{GELU}(S z + W x + b)\bigr)` and, for the next block, :math:`A y`.

    Parameters
    ----------
    x
        ``(..., n, channels)``.
    spectrum
        z, ``(..., size, channels)``: still to be synthesised along the last grid axis.
    synthesis
        S, ``(n, size)``.
    analysis
        A, ``(size', n)``, the next block's along the last grid axis; or None.
    skip
        W and b.
    mlp
        Parameters as of :func:`mlp`.

    Returns
    -------
    Tensor, Tensor or None
        ``(..., n, channels)`` and ``(..., size', channels)``.
    """
    given = (x, spectrum, *skip, *mlp)
    if not native.usable(*given):
        return _plain_tail(synthesis, analysis, *given)
    rows = (x.reshape(-1, *x.shape[-2:]).contiguous(), spectrum.reshape(-1, *spectrum.shape[-2:]).contiguous(), *given[2:])
    if native.tracked(*given):
        y, ahead = _Tail.apply(synthesis, analysis, *rows)
    else:
        y, ahead, _ = _tail_forward(synthesis, analysis, *rows)
    return y.view(x.shape), None if ahead is None else ahead.view(*x.shape[:-2], *ahead.shape[1:])


def _plain_mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    return functional.linear(gelu(functional.linear(x, w1, b1)), w2, b2)


def _plain_tail(
    s: Tensor, analysis: Tensor | None, x: Tensor, z: Tensor, w: Tensor, b: Tensor, *mlp: Tensor
) -> tuple[Tensor, Tensor | None]:
    y = x + _plain_mlp(gelu(torch.matmul(s, z) + functional.linear(x, w, b)), *mlp)
    return y, None if analysis is None else torch.matmul(analysis, y)


def _kernel_mlp(w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> list[Tensor]:
    """Return the parameters as the kernels read them, each weight followed by its transpose."""
    return [w1.contiguous(), w1.t().contiguous(), b1.contiguous(), w2.contiguous(), w2.t().contiguous(), b2.contiguous()]


def _mlp_forward(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    y = x.new_empty(len(x), len(b2))
    native.call("mlp_forward", (len(x), x.shape[1], len(b1), len(b2)), x, _kernel_mlp(w1, b1, w2, b2), y)
    return y


def _tail_forward(
    s: Tensor, analysis: Tensor | None, x: Tensor, z: Tensor, w: Tensor, b: Tensor, *mlp: Tensor, keep: bool = False
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return the two outputs and, with `keep`, what goes into the first GELU."""
    y, kept = torch.empty_like(x), torch.empty_like(x) if keep else None
    ahead = None if analysis is None else x.new_empty(len(x), len(analysis), x.shape[-1])
    sizes, matrices = _axis(s, analysis)
    weights = (w.t().contiguous(), b.contiguous(), _kernel_mlp(*mlp))
    native.call("block_forward", (*x.shape, len(mlp[1]), *sizes), x, z, *matrices, *weights, y, ahead, kept)
    return y, ahead, kept


def _axis(s: Tensor, analysis: Tensor | None) -> tuple[tuple[int, ...], tuple[Tensor | None, ...]]:
    """Return sizes and arrays of the two matrices as the kernels read them: S by points, A by functions."""
    half, order, even = halved(s)
    if analysis is None:
        return (half.shape[1], 0, even, 0), (half, order, None, None)
    to_half, to_order, to_even = halved(analysis, points=1)
    return (half.shape[1], len(to_half), even, to_even), (half, order, to_half, to_order)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*tensors)
        return functional.linear(*tensors)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        x, w, b = tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            return native.differentiable(lambda *t: (functional.linear(*t),), tensors, ctx.needs_input_grad, (g,))
        gx, sums = torch.empty_like(x) if ctx.needs_input_grad[0] else None, [torch.zeros_like(w), torch.zeros_like(b)]
        sizes = (x.numel() // x.shape[-1], x.shape[-1], len(b))
        native.call("linear_backward", sizes, x.contiguous(), w.contiguous(), g.contiguous(), gx, sums)
        return gx, *sums


class _Mlp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*tensors)
        return _mlp_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        x, *parameters = tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            return native.differentiable(lambda *t: (_plain_mlp(*t),), tensors, ctx.needs_input_grad, (g,))
        gx, sums = torch.empty_like(x), [torch.zeros_like(p) for p in parameters]
        sizes = (len(x), x.shape[1], len(parameters[1]), len(parameters[3]))
        native.call("mlp_backward", sizes, x, _kernel_mlp(*parameters), g.contiguous(), gx, sums)
        return gx, *sums


class _Tail(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *tensors: Any) -> tuple[Tensor, Tensor | None]:
        y, ahead, kept = _tail_forward(*tensors, keep=True)
        ctx.save_for_backward(*tensors, kept)
        ctx.set_materialize_grads(False)
        return y, ahead

    @staticmethod
    def backward(ctx: Any, g: Tensor | None, g_ahead: Tensor | None) -> tuple[Tensor | None, ...]:
        *tensors, kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            return native.differentiable(_plain_tail, tensors, ctx.needs_input_grad, (g, g_ahead))
        s, analysis, x, z, w, b, *mlp = tensors
        gx, gz, sums = torch.empty_like(x), torch.empty_like(z), [torch.zeros_like(p) for p in (w, b, *mlp)]
        g = torch.zeros_like(x) if g is None else g.contiguous()
        ahead = None if g_ahead is None else g_ahead.contiguous()
        sizes, matrices = _axis(s, analysis)
        given = (x, kept, *matrices, w.contiguous(), _kernel_mlp(*mlp), g, ahead)
        native.call("block_backward", (*x.shape, len(mlp[1]), *sizes), *given, gx, gz, sums)
        return None, None, gx, gz, *sums
