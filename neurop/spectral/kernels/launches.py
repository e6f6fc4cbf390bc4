"""Launches of the CUDA kernels of ``csrc/cuda``: grid, shared memory and arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

THREADS = 256
# Sizes of tiles, as in the kernels.
_TILE = 64
_SAMPLES = 8
_WEIGHT_TILE = 32
_PRODUCT_SHARED = 3 * (64 * 36 + 32 * 72) * 4
_MIX_SHARED = (16 * 36 + 32 * 136 + 4 * 16 * 64) * 4
_WEIGHT_SHARED = (32 * 20 + 16 * 72) * 4


@dataclass(frozen=True)
class Launch:
    """One launch of a kernel.

    Parameters
    ----------
    kernel
        Name of the kernel.
    device
        Device of its tensors.
    grid
        Number of thread blocks per axis.
    shared
        Bytes of shared memory.
    words
        Argument of the kernel, a structure, as 64-bit words.
    """

    kernel: str
    device: torch.device
    grid: tuple[int, int, int]
    shared: int
    words: tuple[int, ...]


def product(
    factors: Sequence[tuple[Tensor, Tensor]],
    out: Tensor,
    bias: Tensor | None = None,
    add: Tensor | None = None,
    gate: Tensor | None = None,
    kept: Tensor | None = None,
    activate: bool = False,
) -> Launch:
    r"""Return the launch of :math:`\mathrm{act}(\sum_i A_i B_i + b + c) \odot \mathrm{GELU}'(g)`.

    Parameters
    ----------
    factors
        One or two pairs of A ``(batch, m, k)``, of any strides, and B ``(batch, k, n)`` with stride
        1 along n; a matrix that all samples share is expanded.
    out, add, gate, kept
        Contiguous tensors ``(batch, m, n)``: the result, c, g, and the stored input of the
        activation. All but `out` are optional.
    bias
        Bias b ``(n,)``.
    activate
        Whether act is the GELU; otherwise it is the identity.
    """
    batch, m, n = out.shape
    words = [batch, m, n]
    for a, b in factors:
        assert a.shape[:2] == (batch, m)
        assert b.shape == (batch, a.shape[2], n)
        assert b.stride(2) == 1 or n == 1
        words += [a.data_ptr(), b.data_ptr(), *a.stride(), b.stride(0), b.stride(1), a.shape[2]]
    words += [0] * (8 * (2 - len(factors)))
    for tensor in (bias, add, gate, out, kept):
        assert tensor is None or tensor.is_contiguous()
        words.append(0 if tensor is None else tensor.data_ptr())
    grid = (batch * math.ceil(m / _TILE), math.ceil(n / _TILE), 1)
    return Launch(
        f"product_{_products()}", out.device, grid, _PRODUCT_SHARED, (*words, int(activate))
    )


def mix(
    c: Tensor,
    weight: Tensor,
    y: Tensor,
    modes: Sequence[int],
    kept: Sequence[int],
    adjoint: bool = False,
) -> Launch:
    """Return the launch of :func:`neurop.spectral.mix_packed`, or of its adjoint in `c`.

    All tensors are contiguous.
    """
    inputs, outputs = weight.shape[-3], weight.shape[-1]
    assert (c.shape[-1], y.shape[-1]) == ((outputs, inputs) if adjoint else (inputs, outputs))
    grid = (math.prod(kept), math.ceil(y.shape[-1] / _TILE), math.ceil(c.shape[0] / _SAMPLES))
    return Launch(
        f"mix{len(modes)}d_{_products()}",
        c.device,
        grid,
        _MIX_SHARED,
        _mix_words(c, weight, y, modes, kept, adjoint),
    )


def mix_weight(
    c: Tensor, weight: Tensor, g: Tensor, gw: Tensor, modes: Sequence[int], kept: Sequence[int]
) -> Launch:
    """Return the launch that writes the gradient of the weights of retained modes into `gw`.

    `g` is the gradient of the result of :func:`mix`.
    """
    grid = (
        math.prod(kept),
        math.ceil(weight.shape[-3] / _WEIGHT_TILE),
        math.ceil(weight.shape[-1] / _WEIGHT_TILE),
    )
    words = (*_mix_words(c, weight, None, modes, kept, False), g.data_ptr(), gw.data_ptr())
    return Launch(f"mix_weight{len(modes)}d_{_products()}", c.device, grid, _WEIGHT_SHARED, words)


def _mix_words(
    c: Tensor,
    weight: Tensor,
    y: Tensor | None,
    modes: Sequence[int],
    kept: Sequence[int],
    adjoint: bool,
) -> tuple[int, ...]:
    rest = [1] * (3 - len(modes))
    pointers = (c.data_ptr(), weight.data_ptr(), 0 if y is None else y.data_ptr())
    return (
        *pointers,
        c.shape[0],
        weight.shape[-3],
        weight.shape[-1],
        *modes,
        *rest,
        *kept,
        *rest,
        int(adjoint),
    )


def _products() -> int:
    """Return TF32 products per multiplication: 3 for float32 accuracy, 1 if less is allowed."""
    return 3 if torch.get_float32_matmul_precision() == "highest" else 1
