"""Statistics that a long rollout should keep when it has long lost the individual flow: means, and power in the middle of the spectrum."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.evaluation.spectra import NEGLIGIBLE
from neurop.physics.grid import Grid

Array = NDArray[np.float64]


def mean_bias(prediction: Array, truth: Array, grid: Grid) -> Array:
    r"""Return :math:`(\langle p \rangle - \langle y \rangle) / \langle y^2 \rangle^{1/2}` of each field, mean over samples.

    Parameters
    ----------
    prediction, truth
        ``(sample, step, field, *grid)``; means over space carry the cell measure.
    grid
        The grid of the trailing axes.

    Returns
    -------
    ndarray
        ``(step, field)``; NaN where the truth is.

    Examples
    --------
    >>> y = np.sin(2 * np.pi * np.arange(8) / 8).reshape(1, 1, 1, 8)
    >>> float(mean_bias(y + 0.1, y, Grid.periodic(1)).round(3)[0, 0])
    0.141
    """
    space = tuple(range(-grid.dimensions, 0))
    weights = grid.weights(prediction.shape[-grid.dimensions :])
    with np.errstate(divide="ignore", invalid="ignore"):
        # Sample by sample: a long rollout is large, and in single precision.
        bias = [(weights * (p - y.astype(np.float64))).mean(space) for p, y in zip(prediction, truth, strict=True)]
        size = [np.sqrt((weights * y.astype(np.float64) ** 2).mean(space)) for y in truth]
        return np.asarray(np.mean(bias, 0) / np.mean(size, 0))


def late(result: xr.Dataset, share: float) -> dict[str, xr.DataArray]:
    """Return ``mean_bias`` and ``mid_band_drift`` of each field over the last `share` of the steps whose truth is known.

    The drift is that of the mean spectra over these steps, as the power of a turbulent flow comes and goes.

    Parameters
    ----------
    result
        What :func:`neurop.evaluation.rollout` returns.
    share
        Above 0, at most 1; one step at least.

    Returns
    -------
    dict
        ``(field,)``; NaN where no truth is known.
    """
    known = int(result.attrs["known_steps"])
    if not known:
        return {name: result[name][0] for name in ("mean_bias", "mid_band_drift")}
    steps = slice(known - max(round(share * known), 1), known)
    # What is not finite shows: a rollout that has diverged has no climate.
    power = [result[f"spectrum_{kind}"][steps].mean("step", skipna=False).values[None] for kind in ("prediction", "truth")]
    bias = result.mean_bias[steps].mean("step", skipna=False)
    return {"mean_bias": bias, "mid_band_drift": bias.copy(data=mid_band_drift(*power)[0])}


def mid_band_drift(prediction: Array, truth: Array) -> Array:
    r"""Return :math:`P_\mathrm{prediction} / P_\mathrm{truth} - 1` of the power in the middle third of the spectrum.

    The middle is that of the wavenumbers in which the truth, mean over the steps, holds more than 1e-12 of its power: between the
    largest scales, where most of the power is, and the smallest, which a surrogate may drop unseen.

    Parameters
    ----------
    prediction, truth
        Power spectra ``(step, field, wavenumber)``, means over samples.

    Returns
    -------
    ndarray
        ``(step, field)``; NaN where the truth is.

    Examples
    --------
    >>> mid_band_drift(np.array([[[4.0, 1.5, 1.0]]]), np.array([[[4.0, 1.0, 1.0]]])).tolist()
    [[0.5]]
    """
    drift = np.full(prediction.shape[:2], np.nan)
    known = np.isfinite(truth).all((1, 2))
    for field in range(truth.shape[1]):
        usual = truth[known, field].mean(0) if known.any() else np.zeros(truth.shape[2])
        held = np.flatnonzero(usual > NEGLIGIBLE * usual.sum())
        middle = held[len(held) // 3 : max(len(held) - len(held) // 3, 1)]
        if len(middle):
            drift[:, field] = prediction[:, field, middle].sum(-1) / truth[:, field, middle].sum(-1) - 1
    return drift
