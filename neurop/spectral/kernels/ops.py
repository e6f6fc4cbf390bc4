"""The fused operations as PyTorch operators ``torch.ops.neurop.*``, with shapes and gradients.

An operator raises an error if there are no kernels for its tensors; check first with
:func:`neurop.spectral.fused.have_kernels`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from neurop.spectral.kernels import on_cpu, on_cuda, plain

_LIBRARY = torch.library.Library("neurop", "DEF")
DEVICES: dict[str, ModuleType] = {"cpu": on_cpu, "cuda": on_cuda}
_MLP = "Tensor w1, Tensor b1, Tensor w2, Tensor b2"
_TAIL = f"Tensor s, Tensor? analysis, Tensor x, Tensor z, Tensor w, Tensor b, {_MLP}"


def _register(
    name: str, schema: str, shapes: Callable[..., Any], devices: Sequence[str] = ("cpu", "cuda")
) -> None:
    """Define an operator that the module of each device implements under its name."""
    _LIBRARY.define(f"{name}{schema}")
    for device in devices:
        _LIBRARY.impl(name, getattr(DEVICES[device], name), device.upper())
    torch.library.register_fake(f"neurop::{name}", shapes, lib=_LIBRARY)


def _like(*tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(torch.empty_like(t, memory_format=torch.contiguous_format) for t in tensors)


def _rows(matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
    return x.new_empty(len(x), matrix.shape[1 if adjoint else 0], x.shape[2])


def _rows_first(matrix: Tensor, points: int, x: Tensor, adjoint: bool) -> Tensor:
    length = matrix.shape[1 if adjoint else 0]
    if (points == 0) != adjoint:
        return x.new_empty(x.shape[0], x.shape[3], x.shape[1], length)
    return x.new_empty(x.shape[0], x.shape[2], length, x.shape[1])


def _tail(
    s: Tensor, analysis: Tensor | None, x: Tensor, *rest: Any
) -> tuple[Tensor, Tensor, Tensor]:
    none = x.new_empty(0)
    ahead = none if analysis is None else x.new_empty(len(x), len(analysis), x.shape[2])
    return x.new_empty(x.shape), ahead, x.new_empty(x.shape) if rest[-1] else none.clone()


_register("rows", "(Tensor matrix, int points, Tensor x, bool adjoint) -> Tensor", _rows)
# With channels first at the points: (batch, channels, lines, n) from or to (batch, lines, size,
# channels).
_register(
    "rows_first", "(Tensor matrix, int points, Tensor x, bool adjoint) -> Tensor", _rows_first
)
# Its forward pass is PyTorch's own on every device, which also infers the shapes; only the backward
# pass has kernels.
_LIBRARY.define("linear(Tensor x, Tensor w, Tensor b) -> Tensor")
_LIBRARY.impl("linear", linear, "CompositeExplicitAutograd")
_register(
    "linear_backward",
    "(Tensor g, Tensor x, Tensor w) -> (Tensor, Tensor, Tensor)",
    lambda g, x, w: (*_like(x, w), w.new_empty(len(w))),
)
_register(
    "mlp", f"(Tensor x, {_MLP}) -> Tensor", lambda x, w1, b1, w2, b2: x.new_empty(len(x), len(b2))
)
_register(
    "mlp_backward",
    f"(Tensor g, Tensor x, {_MLP}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    lambda g, *tensors: _like(*tensors),
)
_register("tail", f"({_TAIL}, bool keep) -> (Tensor, Tensor, Tensor)", _tail)
_register(
    "tail_backward",
    f"(Tensor g, Tensor? g_ahead, Tensor kept, {_TAIL}) -> ({', '.join(['Tensor'] * 8)})",
    lambda g, g_ahead, kept, s, analysis, *tensors: _like(*tensors),
)
_register(
    "sphere",
    "(Tensor x, Tensor analysis, Tensor synthesis, Tensor weight) -> Tensor",
    lambda x, _, s, w: x.new_empty(len(x), s.shape[1], x.shape[2], w.shape[-1]),
    ("cpu",),
)
_register(
    "sphere_backward",
    "(Tensor g, Tensor x, Tensor analysis, Tensor synthesis, Tensor weight) -> (Tensor, Tensor)",
    lambda g, x, a, s, w: _like(x, w),
    ("cpu",),
)
_register(
    "mix",
    "(Tensor c, Tensor weight, int[] modes, int[] kept) -> Tensor",
    lambda c, w, *_: c.new_empty(*c.shape[:-1], w.shape[-1]),
)
_register(
    "mix_backward",
    "(Tensor g, Tensor c, Tensor weight, int[] modes, int[] kept) -> (Tensor, Tensor)",
    lambda g, c, w, *_: _like(c, w),
)


def _differentiable_gradients(
    function: Callable[..., Any],
    tensors: Sequence[Tensor | None],
    needed: Sequence[bool],
    gradients: Sequence[Tensor | None],
) -> tuple[Tensor | None, ...]:
    """Return differentiable gradients of ``function(*tensors)``; None where not needed."""
    wanted = [t for t, need in zip(tensors, needed, strict=True) if t is not None and need]
    result = function(*tensors)
    outputs = [
        (y, g)
        for y, g in zip((result,) if isinstance(result, Tensor) else result, gradients, strict=True)
        if g is not None
    ]
    computed = iter(
        torch.autograd.grad(
            [y for y, _ in outputs], wanted, [g for _, g in outputs], create_graph=True
        )
        if outputs
        else []
    )
    return tuple(next(computed, None) if need else None for need in needed)


def _keep_inputs(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.save_for_backward(*inputs)


def _rows_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    matrix, ctx.points, _, ctx.adjoint = inputs
    ctx.save_for_backward(matrix)


def _gradient_of_rows(name: str) -> Callable[..., Any]:
    def gradient(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        # Linear: the gradient is the adjoint operator, which can be differentiated again.
        adjoint = getattr(torch.ops.neurop, name)
        matrix = ctx.saved_tensors[0]
        return None, None, adjoint(matrix, ctx.points, g.contiguous(), not ctx.adjoint), None

    return gradient


def _linear_gradient(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    if torch.is_grad_enabled():
        return _differentiable_gradients(linear, ctx.saved_tensors, ctx.needs_input_grad, (g,))
    x, w, _ = ctx.saved_tensors
    return torch.ops.neurop.linear_backward(g.contiguous(), x, w)


def _mlp_gradient(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    if torch.is_grad_enabled():
        return _differentiable_gradients(plain.mlp, ctx.saved_tensors, ctx.needs_input_grad, (g,))
    return torch.ops.neurop.mlp_backward(g.contiguous(), *ctx.saved_tensors)


def _tail_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs[:-1], output[2])
    ctx.set_materialize_grads(False)


def _tail_gradient(
    ctx: Any, g: Tensor | None, g_ahead: Tensor | None, _: Tensor | None
) -> tuple[Any, ...]:
    *tensors, kept = ctx.saved_tensors
    g_ahead = None if tensors[1] is None else g_ahead
    if torch.is_grad_enabled():
        return *_differentiable_gradients(
            plain.tail, tensors, ctx.needs_input_grad[:-1], (g, g_ahead)
        ), None
    g = torch.zeros_like(kept) if g is None else g.contiguous()
    g_ahead = None if g_ahead is None else g_ahead.contiguous()
    return None, None, *torch.ops.neurop.tail_backward(g, g_ahead, kept, *tensors), None


def _sphere_gradient(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    x, analysis, synthesis, weight = ctx.saved_tensors
    if torch.is_grad_enabled():
        of_x, of_weight = _differentiable_gradients(
            lambda x, w: plain.sphere(x, analysis, synthesis, w),
            (x, weight),
            (ctx.needs_input_grad[0], ctx.needs_input_grad[3]),
            (g,),
        )
        return of_x, None, None, of_weight
    of_x, of_weight = torch.ops.neurop.sphere_backward(
        g.contiguous(), x, analysis, synthesis, weight
    )
    return of_x, None, None, of_weight


def _mix_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    c, weight, ctx.modes, ctx.kept = inputs
    ctx.save_for_backward(c, weight)


def _mix_gradient(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    sizes = ctx.modes, ctx.kept
    if torch.is_grad_enabled():
        return (
            *_differentiable_gradients(
                lambda c, w: plain.mix(c, w, *sizes),
                ctx.saved_tensors,
                ctx.needs_input_grad[:2],
                (g,),
            ),
            None,
            None,
        )
    return *torch.ops.neurop.mix_backward(g.contiguous(), *ctx.saved_tensors, *sizes), None, None


for _name, _gradient, _context in (
    ("rows", _gradient_of_rows("rows"), _rows_context),
    ("rows_first", _gradient_of_rows("rows_first"), _rows_context),
    ("linear", _linear_gradient, _keep_inputs),
    ("mlp", _mlp_gradient, _keep_inputs),
    ("tail", _tail_gradient, _tail_context),
    ("sphere", _sphere_gradient, _keep_inputs),
    ("mix", _mix_gradient, _mix_context),
):
    torch.library.register_autograd(
        f"neurop::{_name}", _gradient, setup_context=_context, lib=_LIBRARY
    )
