"""Intervals of the ratio of two mean errors, from the errors of the same samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRAWS = 4000


def ratio_interval(
    errors: NDArray[np.float64], others: NDArray[np.float64], level: float = 0.95
) -> tuple[float, float]:
    r"""Return the interval of :math:`\bar e / \bar e'` by the paired bootstrap over samples.

    Both means are taken over the same draws of samples with replacement, so that what makes a
    sample hard for both does not widen the interval. The draws are the same in every call.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    errors, others
        Errors of two models on the same samples, ``(sample,)``.
    level
        Share of the draws within the interval.

    Returns
    -------
    float, float
        Lower and upper bound; NaN for a single sample, and if an error is not finite.

    Examples
    --------
    >>> hard = np.array([0.1, 1.0, 3.0])
    >>> [round(bound, 6) for bound in ratio_interval(2 * hard, hard)]
    [2.0, 2.0]
    """
    count = len(errors)
    if count < 2 or not (np.isfinite(errors).all() and np.isfinite(others).all()):
        return float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(count, size=(DRAWS, count))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = errors[drawn].mean(1) / others[drawn].mean(1)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
