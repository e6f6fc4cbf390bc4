"""Transforms by torch-harmonics instead of the engine, with ``NEUROP_SHT=torch-harmonics``."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.extras import advice
from neurop.geometry.grid import Grid

_GRIDS = {"gauss": "legendre-gauss", "ends": "equiangular"}


def selected() -> bool:
    """Return whether ``$NEUROP_SHT`` is ``torch-harmonics``.

    Raises
    ------
    InputError
        If it is neither that nor ``neurop``.
    """
    wanted = os.environ.get("NEUROP_SHT") or "neurop"
    if wanted not in ("neurop", "torch-harmonics"):
        raise InputError.of("NEUROP_SHT", wanted, "use neurop or torch-harmonics")
    return wanted == "torch-harmonics"


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
selected._dynamo_marked_constant = True  # type: ignore[attr-defined]


def analyze(x: Tensor, domain: Grid, degrees: int, orders: int) -> Tensor:
    """Return the coefficients of :func:`neurop.spectral.spherical.analyze_sphere`.

    On equiangular latitudes torch-harmonics uses quadrature weights, which are exact for half of
    the degrees that the latitudes resolve.
    """
    fields = x if domain.axes[0].length < 0 else x.flip(1)
    z = _transform("RealSHT", domain, (x.shape[1], x.shape[2]), degrees, orders, x)(
        fields.movedim(-1, 1)
    )
    pair = torch.stack([z.real, -z.imag], -2) * _scale(orders, x)
    return pair.permute(4, 2, 0, 3, 1)


def synthesize(c: Tensor, domain: Grid, grid: Sequence[int]) -> Tensor:
    """Return the field of :func:`neurop.spectral.spherical.synthesize_sphere` on a grid."""
    pair = c.permute(2, 4, 1, 3, 0) / _scale(len(c), c)
    z = torch.complex(pair[..., 0, :].contiguous(), -pair[..., 1, :].contiguous())
    x: Tensor = _transform("InverseRealSHT", domain, (grid[0], grid[1]), c.shape[1], len(c), c)(
        z
    ).movedim(1, -1)
    return x if domain.axes[0].length < 0 else x.flip(1)


def _scale(orders: int, like: Tensor) -> Tensor:
    """Return the factors from complex coefficients of m = 0, 1, .. to those of real harmonics."""
    scale = torch.full((orders,), math.sqrt(2), dtype=like.dtype, device=like.device)
    scale[0] = 1
    return scale


def _transform(
    kind: str, domain: Grid, shape: tuple[int, int], degrees: int, orders: int, like: Tensor
) -> Any:
    layout = domain.axes[0].layout
    if layout not in _GRIDS:
        raise InputError(
            f"torch-harmonics has no latitudes of layout '{layout}'; unset NEUROP_SHT",
            "layout",
            layout,
        )
    return _create(kind, shape, degrees, orders, _GRIDS[layout], like.dtype, like.device)


@lru_cache(maxsize=32)
def _create(
    kind: str,
    shape: tuple[int, int],
    degrees: int,
    orders: int,
    grid: str,
    dtype: torch.dtype,
    device: torch.device,
) -> Any:
    try:
        import torch_harmonics
    except ImportError as error:
        remedy = f"{error}; {advice('torch-harmonics')}"
        raise InputError.of("NEUROP_SHT", "torch-harmonics", remedy) from error
    transform = getattr(torch_harmonics, kind)(
        *shape, lmax=degrees, mmax=orders, grid=grid, csphase=False
    )
    return transform.to(device=device, dtype=dtype)
