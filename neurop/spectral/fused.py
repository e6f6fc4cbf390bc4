"""Operations that kernels of the CPU or of the GPU do in one pass, with PyTorch's own where there are none.

PyTorch writes each intermediate field to memory and reads it back. The kernels carry a few points at a time through all steps
while they are in the cache, and compute most intermediates again in the backward pass instead of keeping them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional
from torch.nn.functional import gelu

from neurop.spectral import on_cpu, on_cuda
from neurop.spectral.mixing import from_signed, mix, restrict, to_signed


def kernels(*tensors: Tensor) -> ModuleType | None:
    """Return the module whose kernels take these tensors, or None.

    There is none where operations are traced (compiling, exporting), transformed (``torch.func``, forward mode) or cast
    (autocast), nor outside of float32.
    """
    if (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or forward_ad._current_level >= 0
    ):
        return None
    return next((place for place in (on_cpu, on_cuda) if place.usable(*tensors)), None)


def in_float32(call: Callable[..., Any], *tensors: Tensor) -> Any:
    """Call with autocast off, on what it may have made bfloat16: a transform's rounding errors fall on the small high modes."""
    kind = tensors[0].device.type
    if not torch.is_autocast_enabled(kind):
        return call(*tensors)
    with torch.autocast(kind, enabled=False):
        return call(*(t.float() for t in tensors))


def apply_rows(matrix: Tensor, x: Tensor, points: int) -> Tensor:
    """Multiply each row of a field by a matrix, ``(..., k, channels) -> (..., m, channels)``.

    Parameters
    ----------
    matrix
        ``(m, k)``, a constant.
    x
        The field.
    points
        The axis of the matrix along which the points of the grid lie: 0 for a synthesis, 1 for an analysis.
    """
    inner = x.reshape(-1, *x.shape[-2:])
    place = kernels(matrix, x)
    if place is None:
        y = torch.bmm(matrix.expand(len(inner), -1, -1), inner)
    else:
        inner = inner.contiguous()
        y = _Rows.apply(place, matrix, points, inner, False) if _tracked(x) else place.rows(matrix, points, inner, False)
    return y.view(*x.shape[:-2], *y.shape[1:])


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    r"""Return :math:`W x + b` over the last axis."""
    place = kernels(x, weight, bias)
    return functional.linear(x, weight, bias) if place is None else _Linear.apply(place, x, weight, bias)


def mlp(x: Tensor, *parameters: Tensor) -> Tensor:
    r"""Return :math:`W_2\,\mathrm{GELU}(W_1 x + b_1) + b_2` over the last axis; parameters in the order W1, b1, W2, b2."""
    place = kernels(x, *parameters)
    if place is None:
        return _plain_mlp(x, *parameters)
    points = x.reshape(-1, x.shape[-1]).contiguous()
    y = _Mlp.apply(place, points, *parameters) if _tracked(x, *parameters) else place.mlp_forward(points, *parameters)
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
    place = kernels(*given)
    if place is None:
        return _plain_tail(synthesis, analysis, *given)
    rows = (x.reshape(-1, *x.shape[-2:]).contiguous(), spectrum.reshape(-1, *spectrum.shape[-2:]).contiguous(), *given[2:])
    if _tracked(*given):
        y, ahead = _Tail.apply(place, synthesis, analysis, *rows)
    else:
        y, ahead, _ = place.tail_forward(synthesis, analysis, *rows)
    return y.view(x.shape), None if ahead is None else ahead.view(*x.shape[:-2], *ahead.shape[1:])


def mix_packed(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Multiply each mode's channels by its complex matrix, from packed real coefficients to packed real ones.

    Parameters
    ----------
    c
        ``(batch, 2 e_1 - 1, ..., 2 e_d - 1, in)`` of the `kept` frequencies.
    weight
        ``(*signed_sizes(modes), in, 2, out)``: real part, imaginary part.
    modes, kept
        Frequencies of the weights per axis, and of the coefficients, at most as many.

    Returns
    -------
    Tensor
        ``(batch, 2 e_1 - 1, ..., 2 e_d - 1, out)``.
    """
    place = kernels(c, weight) if len(modes) <= 3 else None
    if place is None:
        return _plain_mix(c, weight, modes, kept)
    if _tracked(c, weight):
        return _Mix.apply(place, c, weight, tuple(modes), tuple(kept))
    return place.mix_forward(c, weight, tuple(modes), tuple(kept))


def _tracked(*tensors: Tensor) -> bool:
    return torch.is_grad_enabled() and any(t.requires_grad for t in tensors)


def _plain_mlp(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    return functional.linear(gelu(functional.linear(x, w1, b1)), w2, b2)


def _plain_tail(
    s: Tensor, analysis: Tensor | None, x: Tensor, z: Tensor, w: Tensor, b: Tensor, *mlp: Tensor
) -> tuple[Tensor, Tensor | None]:
    y = x + _plain_mlp(gelu(in_float32(torch.matmul, s, z) + functional.linear(x, w, b)), *mlp)
    return y, None if analysis is None else in_float32(torch.matmul, analysis, y)


def _plain_mix(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    return from_signed(mix(to_signed(c, kept), restrict(weight, modes, kept)), kept)


def _again(
    plain: Callable[..., Any], tensors: Sequence[Tensor | None], needed: Sequence[bool], gradients: Sequence[Tensor | None]
) -> tuple[Tensor | None, ...]:
    """Return the gradients of ``plain(*tensors)``, one or more, as what can itself be differentiated; None where not needed."""
    wanted = [t for t, need in zip(tensors, needed, strict=True) if t is not None and need]
    made = plain(*tensors)
    ends = [(y, g) for y, g in zip((made,) if isinstance(made, Tensor) else made, gradients, strict=True) if g is not None]
    found = iter(torch.autograd.grad([y for y, _ in ends], wanted, [g for _, g in ends], create_graph=True) if ends else [])
    return tuple(next(found, None) if need else None for need in needed)


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, place: ModuleType, matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
        ctx.how = place, matrix, points
        ctx.adjoint = adjoint
        return place.rows(matrix, points, x, adjoint)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        # Linear: its own adjoint, and that as often as is asked for.
        return None, None, None, _Rows.apply(*ctx.how, g.contiguous(), not ctx.adjoint), None


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, place: ModuleType, *tensors: Tensor) -> Tensor:
        ctx.place = place
        ctx.save_for_backward(*tensors)
        return functional.linear(*tensors)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *_again(functional.linear, ctx.saved_tensors, needed, (g,))
        x, w, _ = ctx.saved_tensors
        return None, *ctx.place.linear_backward(g, x, w, needed[0])


class _Mlp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, place: ModuleType, *tensors: Tensor) -> Tensor:
        ctx.place = place
        ctx.save_for_backward(*tensors)
        return place.mlp_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            return None, *_again(_plain_mlp, ctx.saved_tensors, ctx.needs_input_grad[1:], (g,))
        return None, *ctx.place.mlp_backward(g, *ctx.saved_tensors)


class _Tail(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, place: ModuleType, *tensors: Any) -> tuple[Tensor, Tensor | None]:
        y, ahead, kept = place.tail_forward(*tensors, keep=True)
        ctx.place = place
        ctx.save_for_backward(*tensors, kept)
        ctx.set_materialize_grads(False)
        return y, ahead

    @staticmethod
    def backward(ctx: Any, g: Tensor | None, g_ahead: Tensor | None) -> tuple[Tensor | None, ...]:
        *tensors, kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            return None, *_again(_plain_tail, tensors, ctx.needs_input_grad[1:], (g, g_ahead))
        g = torch.zeros_like(kept) if g is None else g
        return None, None, None, *ctx.place.tail_backward(g, g_ahead, kept, *tensors)


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, place: ModuleType, c: Tensor, weight: Tensor, modes: tuple[int, ...], kept: tuple[int, ...]) -> Tensor:
        ctx.place, ctx.sizes = place, (modes, kept)
        ctx.save_for_backward(c, weight)
        return place.mix_forward(c, weight, modes, kept)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            return (
                None,
                *_again(lambda c, w: _plain_mix(c, w, *ctx.sizes), ctx.saved_tensors, ctx.needs_input_grad[1:3], (g,)),
                None,
                None,
            )
        return None, *ctx.place.mix_backward(g, *ctx.saved_tensors, *ctx.sizes), None, None
