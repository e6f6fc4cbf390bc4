"""Legendre functions on one hemisphere, as the CPU kernels take them (``sphere.cpp``)."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary


def hemispheres(functions: Tensor, points: int) -> tuple[Tensor, Tensor]:
    r"""Return even and odd functions of each order at the latitudes of one hemisphere.

    A function of degree l and order m is :math:`(-1)^{l - m}` times itself on the other
    hemisphere, and 0 for l < m.

    Parameters
    ----------
    functions
        Matrix of each order m, with one axis over degrees and one over latitudes that are symmetric
        about the equator.
    points
        Axis of the latitudes, 1 or 2.

    Returns
    -------
    Tensor, Tensor
        The matrices (degree, latitude) one after the other, for each order those of even l - m on
        the n / 2 latitudes (rounded up: with the equator), then those of odd l - m; and where each
        order begins.

    Examples
    --------
    >>> constant_and_sine = torch.tensor([[[1.0, 1, 1], [1, 0, -1]]])
    >>> hemispheres(constant_and_sine, 2)
    (tensor([1., 1., 1.]), tensor([0]))
    """
    if functions not in _HEMISPHERES:
        _HEMISPHERES[functions] = _hemispheres(functions if points == 2 else functions.mT)
    found: tuple[Tensor, Tensor] = _HEMISPHERES[functions]
    return found


def _hemispheres(functions: Tensor) -> tuple[Tensor, Tensor]:
    # A compiled graph makes its matrices anew in each call, so this should cost little.
    places, offsets = _places(*functions.shape)
    return functions.reshape(-1)[places], offsets


@lru_cache(maxsize=64)
def _places(orders: int, degrees: int, n: int) -> tuple[Tensor, Tensor]:
    """Return where the elements lie in ``(orders, degrees, n)``, and where each order begins."""
    parts = [
        half.flatten()
        for m, each in enumerate(torch.arange(orders * degrees * n).view(orders, degrees, n))
        for half in (each[m::2, : (n + 1) // 2], each[m + 1 :: 2, : n // 2])
    ]
    lengths = torch.tensor([len(half) for half in parts]).view(orders, 2).sum(1)
    return torch.cat(parts), lengths.cumsum(0) - lengths


_HEMISPHERES: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
