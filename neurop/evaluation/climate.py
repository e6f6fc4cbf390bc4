"""Climate statistics of a long rollout: means, and power in the middle of the spectrum.

A chaotic flow is not predictable for long, but its statistics should stay those of the truth.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.geometry.grid import Grid
from neurop.metrics.spectra import NEGLIGIBLE

Array = NDArray[np.float64]


def mean_bias(
    prediction: Array, truth: Array, grid: Grid, inside: NDArray[np.bool_] | None = None
) -> Array:
    r"""Return the relative error of the mean over space of each field.

    .. math:: (\langle p \rangle - \langle y \rangle) / \langle y^2 \rangle^{1/2}

    Numerator and denominator are averaged over the samples.

    Parameters
    ----------
    prediction, truth
        Fields ``(sample, step, field, *grid)``; means over space use the cell measure.
    grid
        Grid of the trailing axes.
    inside
        Cells of the domain, ``(sample | 1, *grid)``; all by default.

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
    cells = grid.weights(prediction.shape[-grid.dimensions :])
    domain = np.ones((1, *cells.shape)) if inside is None else inside
    measures = np.broadcast_to(cells * domain, (len(truth), *cells.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Sample by sample: a long rollout is large, and in single precision.
        bias = [
            (w * (p - y.astype(np.float64))).sum(space) / w.sum()
            for p, y, w in zip(prediction, truth, measures, strict=True)
        ]
        size = [
            np.sqrt((w * y.astype(np.float64) ** 2).sum(space) / w.sum())
            for y, w in zip(truth, measures, strict=True)
        ]
        return np.asarray(np.mean(bias, 0) / np.mean(size, 0))


def climate_drift(result: xr.Dataset, share: float) -> dict[str, xr.DataArray]:
    r"""Return bias and drift of a rollout over the last `share` of its steps.

    Only steps at which the truth of all samples is known count. ``mid_band_drift`` is
    :math:`P / T - 1` with P and T the power of prediction and truth in the middle third of the
    spectrum, averaged over these steps and the samples, since the power of a turbulent flow
    fluctuates. ``mid_band_drift_error`` is its standard error by the jackknife over
    samples [1]_: the change due to another choice of trajectories. ``mean_bias`` is that of
    :func:`mean_bias`, averaged over the steps.

    Parameters
    ----------
    result
        Dataset from :func:`neurop.evaluation.rollout`.
    share
        Share of the steps, above 0, at most 1; at least one step is used.

    Returns
    -------
    dict
        Arrays ``(field,)``; NaN if no truth is known, and the error also for a single sample.

    References
    ----------
    .. [1] Efron and Stein, The jackknife estimate of variance, Annals of Statistics 9 (1981) 586.
    """
    known = int(result.attrs["common_steps"])
    steps = slice(known - max(round(share * known), 1), known) if known else slice(0, 1)
    # skipna=False: a rollout that has diverged has no climate.
    bias = result.mean_bias[steps].mean("step", skipna=False)
    power, true = (
        result[name][:, steps].mean("step", skipna=False).values
        for name in ("mid_band_power", "mid_band_power_truth")
    )
    drift, n = power.mean(0) / true.mean(0) - 1, len(power)
    error = np.full_like(drift, np.nan)
    if n > 1:
        others = (power.sum(0) - power) / (true.sum(0) - true)
        error = np.sqrt((n - 1) * others.var(0))
    return {
        "mean_bias": bias,
        "mid_band_drift": bias.copy(data=drift),
        "mid_band_drift_error": bias.copy(data=error),
    }


def mid_band_power(prediction: Array, truth: Array) -> tuple[Array, Array]:
    r"""Return the power of prediction and truth in the middle third of the spectrum.

    It is the middle third of the wavenumbers at which the truth, averaged over samples and steps,
    has more than 1e-12 of its power: between the largest scales, with most of the power, and the
    smallest, which hardly affect the error.

    Parameters
    ----------
    prediction, truth
        Power spectra ``(sample, step, field, wavenumber)``; NaN in steps whose truth is not known.

    Returns
    -------
    ndarray, ndarray
        ``(sample, step, field)``; NaN where the truth is.

    Examples
    --------
    >>> prediction, truth = ([[[[4.0, middle, 1.0]]]] for middle in (1.5, 1.0))
    >>> power, true = mid_band_power(np.array(prediction), np.array(truth))
    >>> power.item(), true.item()
    (1.5, 1.0)
    """
    known = np.isfinite(truth).all((0, 2, 3))
    power, true = np.full((2, *truth.shape[:3]), np.nan)
    for field in range(truth.shape[2]):
        usual = truth[:, known, field].mean((0, 1)) if known.any() else np.zeros(truth.shape[3])
        held = np.flatnonzero(usual > NEGLIGIBLE * usual.sum())
        middle = held[len(held) // 3 : max(len(held) - len(held) // 3, 1)]
        if len(middle):
            for whole, spectrum in ((power, prediction), (true, truth)):
                whole[:, known, field] = spectrum[:, known, field][..., middle].sum(-1)
    return power, true
