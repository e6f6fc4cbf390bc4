"""Spectral derivatives and products along periodic axes of a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.physics.operators import truncate, wavenumbers


def differentiate(u: Tensor, dim: int, order: int, length: float) -> Tensor:
    r"""Return :math:`\partial^n u` of a periodic function, exact below the Nyquist frequency.

    The Nyquist mode of an even number of points, whose phase is unknown, is left out.

    Parameters
    ----------
    u
        Real values at equidistant points of a period.
    dim
        Dimension of the axis.
    order
        Order n, 1 or more.
    length
        Signed length of the period.

    Examples
    --------
    >>> x = torch.arange(8, dtype=torch.float64) / 8
    >>> du = differentiate(torch.sin(2 * torch.pi * x), 0, 1, 1.0)
    >>> bool(torch.allclose(du, 2 * torch.pi * torch.cos(2 * torch.pi * x)))
    True
    """
    v = u.movedim(dim, -1)
    (k,) = wavenumbers((v.shape[-1],), (length,), u.dtype, u.device)
    factor = k**order * (1, 1j, -1, -1j)[order % 4]
    return torch.fft.irfft(torch.fft.rfft(v) * factor, n=v.shape[-1]).movedim(-1, dim)


def product(factors: Sequence[Tensor], dims: Sequence[int]) -> Tensor:
    r"""Return the product of periodic functions without aliases.

    The p factors are interpolated to the points that resolve their product, (p + 1) / 2 times as
    many along each axis, and the product is truncated to the modes below the Nyquist frequency of
    the grid (the 3/2 rule for two factors).

    Parameters
    ----------
    factors
        Real values that broadcast with each other.
    dims
        Dimensions of the periodic axes, negative.

    Examples
    --------
    >>> x = torch.arange(8, dtype=torch.float64) / 8
    >>> u = torch.cos(2 * torch.pi * 3 * x)  # its square has k = 6, an alias of 2 on this grid
    >>> bool(torch.allclose(product([u, u], [-1]), torch.full((8,), 0.5, dtype=torch.float64)))
    True
    """
    rank = max(factor.dim() for factor in factors)
    axes, last = tuple(dims), tuple(range(-len(dims), 0))
    turned = [_extended(factor, rank).movedim(axes, last) for factor in factors]
    shape = torch.broadcast_shapes(*(t.shape[-len(dims) :] for t in turned))
    fine = [2 * math.ceil((len(factors) + 1) * n / 4) for n in shape]
    result: Tensor | None = None
    for one in turned:
        if all(n == 1 for n in one.shape[-len(dims) :]):  # constant along the axes
            part = one
        else:
            full = one.expand(*one.shape[: -len(dims)], *shape)
            hat = torch.fft.rfftn(full, dim=last, norm="forward")
            hat = truncate(hat, shape, fine)
            part = torch.fft.irfftn(hat, s=fine, dim=last, norm="forward")
        result = part if result is None else result * part
    assert result is not None
    hat = torch.fft.rfftn(result, dim=last, norm="forward")
    back = torch.fft.irfftn(truncate(hat, fine, shape), s=shape, dim=last, norm="forward")
    return back.movedim(last, axes)


def _extended(factor: Tensor, rank: int) -> Tensor:
    return factor[(None,) * (rank - factor.dim())]
