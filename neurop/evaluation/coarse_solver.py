"""A numerical solver on a coarse grid, compared with a surrogate in the same time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from neurop.evaluation.batches import iterate_pairs
from neurop.inference.domain import measure
from neurop.metrics.norms import relative_l2
from neurop.spectral import resample

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet
    from neurop.source import Source
    from neurop.surrogate import Surrogate

FACTORS = (8, 4, 2, 1)
"""Coarsening of the grids on which the solver is tried."""
LEAST = 16
"""Points per axis of the coarsest grid."""


def coarse_solver(
    surrogate: Surrogate, source: Source, data: FieldSet, batch_size: int = 16, windows: int = 64
) -> xr.Dataset | None:
    """Return errors and times of the data set's own solver on coarse grids.

    The solver advances the frames that the surrogate gets by one interval: truncated to the coarse
    grid, advanced there with the largest stable step, and interpolated spectrally. Its error is
    what a simulation costs that is as coarse.

    Parameters
    ----------
    surrogate
        Surrogate of an evolution, which defines fields and interval.
    source
        Data set that the fields come from.
    data
        Test set on a fine grid.
    batch_size
        Windows that are solved together.
    windows
        Number of windows, spread over the test set.

    Returns
    -------
    xarray.Dataset or None
        Over ``points`` of the first axis: ``relative_l2`` and ``seconds`` per window, the median
        over batches. None if the data set has no solver that advances a frame.
    """
    if not surrogate.card.is_state:
        return None
    pairs = [(x, y) for x, y, _ in iterate_pairs(surrogate, data, batch_size)]
    pairs = pairs[:: max(1, len(pairs) * batch_size // windows)]
    shapes = [tuple(n // factor for n in data.shape) for factor in FACTORS]
    errors, seconds, points = [], [], []
    for shape in (s for s in shapes if min(s) >= LEAST):
        found, times = [], []
        for x, y in pairs:
            last = resample(x[:, -y.shape[1] :].double(), data.grid, shape).numpy()
            begin = time.perf_counter()
            after = source.advance(last)
            if after is None:
                return None
            times.append((time.perf_counter() - begin) / len(x))
            fine = resample(torch.as_tensor(np.asarray(after)), data.grid, data.shape)
            weights = measure(surrogate.card, y, None)
            found.append(relative_l2(fine, y, weights, surrogate.scale))
        errors.append(float(torch.cat(found).mean()))
        seconds.append(float(np.median(times)))
        points.append(shape[0])
    return xr.Dataset(
        {"relative_l2": ("points", errors), "seconds": ("points", seconds)}, {"points": points}
    )


def in_equal_time(scores: xr.Dataset, solved: xr.Dataset, resolution: int) -> str:
    """Return a sentence: the error of the finest coarse solver that is as fast as the surrogate.

    Parameters
    ----------
    scores
        Result of :func:`neurop.evaluation.superres.superres`.
    solved
        Result of :func:`coarse_solver` on the grid of `resolution`.
    resolution
        Points of the first axis.
    """
    one = scores.sel(resolution=resolution)
    seconds = float(one.seconds)
    quick = np.flatnonzero(solved.seconds.values <= seconds)
    index = int(quick[-1]) if quick.size else 0
    chosen = solved.isel(points=index)
    word = "in the same time" if quick.size else "which takes longer,"
    return (
        f"At {resolution} points the surrogate takes {1e3 * seconds:.3g} ms per step and has an "
        f"error of {float(one.relative_l2):.3g}; the solver on {int(chosen.points)} points, {word} "
        f"({1e3 * float(chosen.seconds):.3g} ms), {float(chosen.relative_l2):.3g}."
    )
