r"""Per-mode channel mixing of packed real Fourier coefficients, in real arithmetic.

A real field has real coefficients in the tensor-product basis of cosines and sines. With
:math:`C_k` and :math:`S_k` the coefficients along one axis, its complex ones are :math:`Z_{\pm k} =
C_k \mp i S_k`: signed frequencies on every axis but the last, :math:`k \ge 0` on the last, where
conjugate symmetry determines the rest. Complex values are pairs of real ones, stacked in front.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad


def signed_sizes(modes: Sequence[int]) -> tuple[int, ...]:
    """Return the number of signed frequencies per axis: 2 m - 1, and m on the last axis.

    Examples
    --------
    >>> signed_sizes((4, 4))
    (7, 4)
    """
    return (*(2 * m - 1 for m in modes[:-1]), modes[-1])


def to_signed(c: Tensor, modes: Sequence[int]) -> Tensor:
    """Turn packed real coefficients into signed complex ones.

    Parameters
    ----------
    c
        Coefficients ``(batch, 2 m_1 - 1, ..., 2 m_d - 1, channels)``.
    modes
        Number of modes per axis.

    Returns
    -------
    Tensor
        ``(2, batch, 2 m_1 - 1, ..., m_d, channels)``: real and imaginary part. Rows of a leading
        axis in the order 0, 1, .., m-1, -1, .., -(m-1).
    """
    last = len(modes)
    cosine, sine = c.split([modes[-1], modes[-1] - 1], dim=last)
    z = torch.stack([cosine, -pad(sine, [0, 0, 1, 0])])
    for axis, m in enumerate(modes[:-1], start=2):
        zero, cosine, sine = z.split([1, m - 1, m - 1], dim=axis)
        turned = _times_i(sine)
        z = torch.cat([zero, cosine - turned, cosine + turned], dim=axis)
    return z


def from_signed(z: Tensor, modes: Sequence[int]) -> Tensor:
    """Turn signed complex coefficients into the packed ones of the real part of their field."""
    for axis, m in enumerate(modes[:-1], start=2):
        zero, plus, minus = z.split([1, m - 1, m - 1], dim=axis)
        z = torch.cat([zero, 0.5 * (plus + minus), 0.5 * _times_i(plus - minus)], dim=axis)
    last = len(modes)
    return torch.cat([z[0], -z[1].narrow(last, 1, modes[-1] - 1)], dim=last)


def restrict(weight: Tensor, modes: Sequence[int], kept: Sequence[int]) -> Tensor:
    """Return the part of the weights, of frequencies below `modes`, for those below `kept`."""
    for axis, (m, e) in enumerate(zip(modes[:-1], kept[:-1], strict=True)):
        if e < m:
            weight = torch.cat([weight.narrow(axis, 0, e), weight.narrow(axis, m, e - 1)], dim=axis)
    # A narrow, even of the full length, costs a zero-filled copy of the weights in the backward
    # pass.
    return weight if kept[-1] == modes[-1] else weight.narrow(len(modes) - 1, 0, kept[-1])


def mix(z: Tensor, weight: Tensor) -> Tensor:
    r"""Multiply each mode's channels by its matrix, :math:`Y_{bko} = \sum_i Z_{bki} R_{kio}`.

    Parameters
    ----------
    z
        Complex coefficients ``(2, batch, *modes, in)``.
    weight
        Weights ``(*modes, in, 2, out)``: real part, imaginary part.

    Returns
    -------
    Tensor
        ``(2, batch, *modes, out)``.
    """
    d = z.dim() - 3
    sizes, batch = z.shape[2:-1], z.shape[1]
    rows = z.permute(*range(2, d + 2), 0, 1, d + 2).reshape(
        math.prod(sizes), 2 * batch, z.shape[-1]
    )
    # One real product computes all four: rows are (real, imaginary) inputs, columns (real,
    # imaginary) weights.
    y = torch.bmm(rows, weight.reshape(math.prod(sizes), weight.shape[-3], -1)).view(
        *sizes, 2, batch, 2, weight.shape[-1]
    )
    (rr, ri), (ir, ii) = (part.unbind(-2) for part in y.unbind(d))
    out = torch.stack([rr - ii, ri + ir])
    return out.permute(0, d + 1, *range(1, d + 1), d + 2)


def _times_i(z: Tensor) -> Tensor:
    return torch.stack([-z[1], z[0]])
