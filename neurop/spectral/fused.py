"""Fused operations: one pass by CPU or GPU kernels, or PyTorch's own operations without kernels.

PyTorch writes each intermediate field to memory and reads it back. The kernels apply all steps to a
few points at a time while they are in the cache, and recompute most intermediates in the backward
pass instead of storing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional

from neurop.spectral.kernels import cuda, native, ops, plain


def have_kernels(*tensors: Tensor) -> bool:
    """Return whether there are kernels for these tensors.

    There are none under export and tracing, under ``torch.func`` and forward-mode differentiation,
    under autocast, nor for dtypes other than float32.
    """
    if torch.compiler.is_compiling():
        if torch.compiler.is_exporting():
            return False
    elif (
        torch.jit.is_tracing()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or forward_ad._current_level >= 0
    ):
        return False
    return native.usable(*tensors) or cuda.usable(*tensors)


def _run(name: str, *arguments: Any) -> Any:
    """Call an operator, or directly its kernels where there is no graph to build."""
    if torch.is_grad_enabled() or torch.compiler.is_compiling():
        return getattr(torch.ops.neurop, name)(*arguments)
    return getattr(ops.DEVICES[arguments[0].device.type], name)(*arguments)


def apply_rows(matrix: Tensor, x: Tensor, points: int) -> Tensor:
    """Multiply each line of a field by a matrix, ``(lines, k, columns) -> (lines, m, columns)``.

    Parameters
    ----------
    matrix
        Constant matrix ``(m, k)``.
    x
        Field ``(lines, k, columns)``.
    points
        Axis of the matrix that runs over grid points: 0 for a synthesis, 1 for an analysis.
    """
    # The kernels take the matrix as a constant.
    if matrix.requires_grad or not have_kernels(matrix, x):
        return torch.bmm(matrix.expand(x.shape[0], -1, -1), x)
    y: Tensor = _run("rows", matrix, points, x.contiguous(), False)
    return y


def are_channels_first(x: Tensor) -> bool:
    """Return whether kernels apply to the channels-last view of a field that has them first.

    For fields ``(batch, *grid, channels)`` that are contiguous as ``(batch, channels, *grid)``.
    """
    return not x.is_contiguous() and x.movedim(-1, 1).is_contiguous() and have_kernels(x)


def analyze_rows(matrix: Tensor, x: Tensor) -> Tensor:
    """Return the analysis along the last axis of a field whose channels are first in memory.

    Parameters
    ----------
    matrix
        Constant matrix ``(m, n)``.
    x
        Field ``(batch, *lines, n, channels)`` as of :func:`are_channels_first`.

    Returns
    -------
    Tensor
        ``(batch, *lines, m, channels)``, contiguous.
    """
    given = x.movedim(-1, 1).flatten(2, -2) if x.dim() > 3 else x.movedim(-1, 1).unsqueeze(2)
    y: Tensor = _run("rows_first", matrix, 1, given, False)
    return y.view(*x.shape[:-2], *y.shape[2:])


def synthesize_rows(matrix: Tensor, x: Tensor) -> Tensor:
    """Return the synthesis along the last axis, with the channels first in memory.

    Parameters
    ----------
    matrix
        Constant matrix ``(n, m)``.
    x
        Coefficients ``(batch, *lines, m, channels)``.

    Returns
    -------
    Tensor
        ``(batch, *lines, n, channels)``, a view of ``(batch, channels, *lines, n)``.
    """
    batch, m, channels = x.shape[0], *x.shape[-2:]
    given = x.reshape(batch, -1, m, channels).contiguous()
    y: Tensor = _run("rows_first", matrix, 0, given, False)
    return y.view(batch, channels, *x.shape[1:-2], len(matrix)).movedim(1, -1)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    r"""Return :math:`W x + b` over the last axis."""
    apply = torch.ops.neurop.linear if have_kernels(x, weight, bias) else functional.linear
    y: Tensor = apply(x, weight, bias)
    return y


def mlp(x: Tensor, *parameters: Tensor) -> Tensor:
    r"""Return :math:`W_2\,\mathrm{GELU}(W_1 x + b_1) + b_2` over the last axis.

    Parameters
    ----------
    x
        Field ``(..., channels)``.
    parameters
        W1, b1, W2 and b2.
    """
    if not have_kernels(x, *parameters):
        return plain.mlp(x, *parameters)
    y: Tensor = _run("mlp", x.reshape(-1, x.shape[-1]).contiguous(), *parameters)
    return y.view(*x.shape[:-1], len(parameters[-1]))


def block_tail(
    x: Tensor,
    spectrum: Tensor,
    synthesis: Tensor,
    analysis: Tensor | None,
    skip: tuple[Tensor, Tensor],
    mlp: tuple[Tensor, ...],
) -> tuple[Tensor, Tensor | None]:
    r"""Return :math:`y = x + \mathrm{MLP}(\mathrm{GELU}(S z + W x + b))` and :math:`A y`.

    Parameters
    ----------
    x
        Field ``(..., n, channels)``.
    spectrum
        Spectrum z ``(..., size, channels)``, synthesised along all grid axes but the last (in 1-D:
        along none).
    synthesis
        Matrix S ``(n, size)``.
    analysis
        Matrix A ``(size', n)`` of the next block along the last grid axis; or None.
    skip
        Weight W and bias b.
    mlp
        Parameters of the MLP, as for :func:`mlp`.

    Returns
    -------
    Tensor, Tensor or None
        ``(..., n, channels)`` and ``(..., size', channels)``.
    """
    given = (x, spectrum, *skip, *mlp)
    if not have_kernels(*given):
        return plain.tail(synthesis, analysis, *given)
    rows = (
        x.reshape(-1, *x.shape[-2:]).contiguous(),
        spectrum.reshape(-1, *spectrum.shape[-2:]).contiguous(),
        *given[2:],
    )
    tracked = torch.is_grad_enabled() and any(t.requires_grad for t in given)
    y, ahead, _ = _run("tail", synthesis, analysis, *rows, tracked)
    return y.view(x.shape), None if analysis is None else ahead.view(
        *x.shape[:-2], *ahead.shape[1:]
    )


def convolve_degrees(lines: Tensor, analysis: Tensor, synthesis: Tensor, weight: Tensor) -> Tensor:
    """Return the convolution on the sphere of fields that are transformed in longitude.

    Parameters
    ----------
    lines
        Spectrum in longitude, ``(batch, latitudes, 2 orders, in)``: cosine and sine of each order.
    analysis, synthesis
        Constant Legendre matrices ``(orders, degrees, latitudes)`` and ``(orders, latitudes',
        degrees)``, of latitudes that are symmetric about the equator.
    weight
        ``(degrees, in, 1, out)``, real, or ``(degrees, in, 2, out)``: real part, imaginary part.

    Returns
    -------
    Tensor
        ``(batch, latitudes', 2 orders, out)``.
    """
    if lines.device.type != "cpu" or not have_kernels(lines, weight):
        return plain.sphere(lines, analysis, synthesis, weight)
    y: Tensor = _run("sphere", lines.contiguous(), analysis, synthesis, weight)
    return y


def mix_packed(c: Tensor, weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Multiply each mode's channels by its complex matrix; packed real coefficients in and out.

    Parameters
    ----------
    c
        Coefficients ``(batch, 2 e_1 - 1, ..., 2 e_d - 1, in)`` of the `kept` frequencies.
    weight
        Weights ``(*signed_sizes(modes), in, 2, out)``: real part, imaginary part.
    modes
        Number of frequencies of the weights, per axis.
    kept
        Number e of retained frequencies, those of the coefficients, per axis; at most `modes`.

    Returns
    -------
    Tensor
        ``(batch, 2 e_1 - 1, ..., 2 e_d - 1, out)``.
    """
    if len(modes) > 3 or not have_kernels(c, weight):
        return plain.mix(c, weight, modes, kept)
    y: Tensor = _run("mix", c, weight, list(modes), list(kept))
    return y
