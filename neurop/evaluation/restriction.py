"""Restriction of fields from a finer grid to the training grid."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from neurop.geometry.axis import BOTH_ENDS, Axis
from neurop.geometry.grid import Grid
from neurop.spectral import resample


def restrict_to(x: Tensor, grid: Grid, coarse: tuple[int, ...], smooth: bool) -> Tensor:
    """Return fields on the training grid.

    Smooth states without boundary, periodic or on the sphere, are truncated spectrally. Other
    fields may have jumps, or not satisfy the boundary condition of the solution: they are sampled
    at the points that the grids share, which preserves piecewise constant coefficients, and
    otherwise interpolated linearly.

    Parameters
    ----------
    x
        Fields ``(batch, channels, *grid)`` on a finer grid.
    grid
        Axes of both grids.
    coarse
        Points per axis of the training grid.
    smooth
        Whether the fields are smooth, as the states of an evolution are.
    """
    shape = tuple(x.shape[2:])
    if smooth and not grid.has_boundary:
        return resample(x, grid, coarse)
    strides = [_stride(axis, n, m) for axis, n, m in zip(grid.axes, shape, coarse, strict=True)]
    shared = [stride for stride in strides if stride is not None]
    if len(shared) == len(strides):
        return x[(slice(None), slice(None), *shared)]
    for index, (axis, n, m) in enumerate(zip(grid.axes, shape, coarse, strict=True), start=2):
        rows = [
            np.interp(
                axis.points(m),
                axis.points(n),
                unit,
                period=1 if axis.boundary == "periodic" else None,
            )
            for unit in np.eye(n)
        ]
        x = torch.tensordot(x, torch.tensor(np.array(rows)).to(x), dims=([index], [0])).movedim(
            -1, index
        )
    return x


def _stride(axis: Axis, n: int, m: int) -> slice | None:
    if axis.layout == "gauss":
        return slice(None) if n == m else None
    fine, few = (n - 1, m - 1) if axis.layout in BOTH_ENDS else (n, m)
    if few < 1 or fine % few:
        return None
    step = fine // few
    if axis.layout == "cells":
        return slice(step // 2, None, step) if step % 2 else None
    return slice(None, None, step)
