"""Matrices of an axis split into blocks of points, as the CPU kernels take them (``axis.hpp``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

# What splitting the points into so many blocks costs next to the products of waves and points: each
# doubling is a pass over the columns. In products per point, fitted to times of 64 to 16384 points.
_PASSES = {2: 2.0, 4: 4.0, 8: 6.0, 16: 8.0, 32: 14.0}


@dataclass(frozen=True)
class Folded:
    """The functions of an axis at its points.

    Parameters
    ----------
    sizes
        Points, functions, folds, and strides of the matrix along points and functions.
    arrays
        Matrices, order of the functions, number of functions of each residue, and the matrices of
        the odd residues; None for those that an axis without folds does not need.
    """

    sizes: tuple[int, int, int, int, int]
    arrays: tuple[Tensor | None, ...]


def folded(matrix: Tensor, points: int) -> Folded:
    r"""Return the functions of an axis with as many folds as make the transform cheapest.

    A wave of frequency k changes over a block of n / P points by the phase :math:`2 \pi k / P`, so
    once the sums over blocks are known (:func:`split`) only 2 n / P products per function remain.

    Parameters
    ----------
    matrix
        Values of the functions at the points, times weights.
    points
        Axis of the matrix that runs over points, 0 or 1.
    """
    if matrix not in _FOLDED:
        values = matrix if points == 1 else matrix.t()
        found = _by_value(values) if _repeats(values) else None
        if found is None:
            strides = matrix.stride(points), matrix.stride(1 - points)
            sizes = matrix.shape[points], matrix.shape[1 - points], 1, *strides
            found = Folded(sizes, (matrix, None, None, None))
        _FOLDED[matrix] = found
    return _FOLDED[matrix]


def split(values: Tensor, folds: int) -> tuple[Tensor, Tensor, Tensor] | None:
    r"""Return the parts of functions that change between blocks as one cosine and one sine.

    .. math:: \varphi(a + q b) = u(a) \cos(2 \pi r b / P) + v(a) \sin(2 \pi r b / P)

    Parameters
    ----------
    values
        Functions at n points, ``(size, n)``.
    folds
        Number P of blocks, each of q = n / P points.

    Returns
    -------
    Tensor, Tensor, Tensor or None
        The residue r of each function, from 0 to P / 2, and u and v, ``(size, q)``; None if a
        function is no such sum.

    Examples
    --------
    >>> split(torch.tensor([[1.0, 1, 1, 1], [0, 1, 0, -1]]), 4)
    (tensor([0, 1]), tensor([[1.],
            [0.]]), tensor([[0.],
            [1.]]))
    """
    spectrum = torch.fft.rfft(values.double().unflatten(1, (folds, -1)), dim=1, norm="forward")
    energy = spectrum.abs().square().sum(-1)
    residue = energy.argmax(1)
    of_residue = spectrum[torch.arange(len(values)), residue]
    rest = energy.sum(1) - energy.gather(1, residue[:, None])[:, 0]
    # Rounding of the values, in the mean of all blocks.
    if float(rest.max()) > _rounding(values) ** 2 * values.shape[1] / folds:
        return None
    twice = torch.where((residue == 0) | (residue == folds // 2), 1.0, 2.0)[:, None]
    u, v = twice * of_residue.real, -twice * of_residue.imag
    return residue, (u + 0.0).to(values.dtype), (v + 0.0).to(values.dtype)


def _repeats(values: Tensor) -> bool:
    """Return whether half of the points determine all functions up to signs: a quick first test."""
    first, second = values.abs().tensor_split(2, dim=1)
    if first.shape != second.shape:
        return False
    return torch.allclose(first, second, rtol=0, atol=_rounding(values))


def _by_value(values: Tensor) -> Folded | None:
    """Return the folds of equal values: a compiled graph makes its matrices anew in each call."""
    key = (values.shape, values.dtype, sha256(values.contiguous().numpy().tobytes()).digest())
    if key not in _BY_VALUE:
        if len(_BY_VALUE) >= _MOST_VALUES:
            _BY_VALUE.clear()
        _BY_VALUE[key] = _folded(values)
    return _BY_VALUE[key]


def _rounding(values: Tensor) -> float:
    return 4 * torch.finfo(values.dtype).eps * float(values.abs().max())


def _folded(values: Tensor) -> Folded | None:
    """Return the functions ``(size, n)`` with folds; None if there are none, or they cost more."""
    size, n = values.shape
    best, cost, found = 1, float(size), None
    for folds in _PASSES:
        parts = split(values, folds) if n % folds == 0 else None
        if parts is None:
            break
        here = _cost(parts[0], folds)
        if here < cost:
            best, cost, found = folds, here, parts
    if found is None:
        return None
    residue, u, v = found
    chosen = [torch.nonzero(residue == r)[:, 0] for r in _residues(best)]
    matrices = [
        (u[rows] if r in (0, best // 2) else torch.cat([u[rows], v[rows]], 1)).flatten()
        for r, rows in zip(_residues(best), chosen, strict=True)
    ]
    counts = torch.tensor([len(rows) for rows in chosen])
    odd = torch.cat([values.new_zeros(0), *_odd(best, values.dtype)])
    return Folded((n, size, best, 0, 0), (torch.cat(matrices), torch.cat(chosen), counts, odd))


def _cost(residue: Tensor, folds: int) -> float:
    """Return the products per point and column, passes over the field included."""
    waves = sum(
        (1 if r in (0, folds // 2) else 2) * int((residue == r).sum()) / folds
        for r in range(folds // 2 + 1)
    )
    levels = int(math.log2(folds))
    odd = sum(2 * (2**level / 4) ** 2 / folds for level in range(3, levels + 1))
    return waves + odd + _PASSES[folds]


def _residues(folds: int) -> Iterator[int]:
    """Yield residues from 0 to P / 2 in the order of the kernels."""
    yield 0
    yield folds // 2
    level = 4
    while level <= folds:
        yield from range(folds // level, folds // 2, 2 * folds // level)
        level *= 2


def _odd(folds: int, dtype: torch.dtype) -> Iterator[Tensor]:
    r"""Yield cosines and sines of the odd multiples of each eighth or smaller fraction of P.

    They are :math:`\cos(2 \pi s b / L)`, s odd, b from 0 below L / 4, and the sines for b from
    L / 4 below L / 2, of the values that are there: those of L / 4, and of L / 2 - b further on.
    """
    level = 8
    while level <= folds:
        half = level // 4
        s, b = torch.arange(1, level // 2, 2, dtype=torch.float64), torch.arange(half)
        angles = 2 * math.pi / level * s[:, None] * torch.stack([b, half + b])[:, None]
        yield torch.cos(angles[0]).flatten().to(dtype)
        yield torch.sin(angles[1]).flatten().to(dtype)
        level *= 2


_FOLDED: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
_BY_VALUE: dict[tuple[torch.Size, torch.dtype, bytes], Folded | None] = {}
_MOST_VALUES = 256
