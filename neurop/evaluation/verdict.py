"""The result of a super-resolution in one sentence."""

from __future__ import annotations

import xarray as xr

NEGLIGIBLE = 0.1
"""Share beyond the training band, relative to the error, below which there is nothing to add."""
MARGIN = 0.05
"""Relative difference of errors below which they count as equal."""


def verdict(scores: xr.Dataset) -> str:
    """Return whether super-resolution helps, from the first grid finer than that of the training.

    The error beyond the training band is compared with that of predicting nothing there, and that
    of the whole field with the interpolated prediction on the training grid.

    Parameters
    ----------
    scores
        Result of :func:`neurop.evaluation.superres`.

    Returns
    -------
    str
        One sentence; empty if no grid is finer.

    Examples
    --------
    >>> values = {
    ...     "relative_l2": 0.02,
    ...     "relative_l2_beyond_band": 0.015,
    ...     "relative_l2_interpolated": 0.04,
    ...     "truth_beyond_band": 0.03,
    ... }
    >>> one = xr.Dataset({name: ("resolution", [value]) for name, value in values.items()})
    >>> one = one.assign(train_resolution=64).assign_coords(resolution=[128])
    >>> verdict(one)[:69]
    'At 128 points super-resolution helps: the error beyond the training b'
    """
    finer = scores.resolution.values[scores.resolution.values > int(scores.train_resolution)]
    if not len(finer):
        return ""
    points = int(finer.min())
    one = {str(name): float(v) for name, v in scores.sel(resolution=points).items() if not v.dims}
    whole, beyond, there = (
        one[name] for name in ("relative_l2", "relative_l2_beyond_band", "truth_beyond_band")
    )
    interpolated = one["relative_l2_interpolated"]
    if there < NEGLIGIBLE * interpolated:
        return (
            f"At {points} points there is nothing to super-resolve: {there:.2g} of the norm lies "
            f"beyond the training band, and the error of interpolation is {interpolated:.2g}."
        )
    ratio, share = whole / interpolated, beyond / there
    if ratio < 1 - MARGIN and share < 1 - MARGIN:
        word = "helps"
    elif ratio > 1 + MARGIN:
        word = "is worse than interpolation"
    else:
        word = "is as good as interpolation"
    known = one.get("persistence_beyond_band", float("nan")) / there
    persistence = f", that of persistence {known:.2g} times" if known == known else ""
    return (
        f"At {points} points super-resolution {word}: the error beyond the training band is "
        f"{share:.2g} times that of predicting nothing there{persistence}, the error of the whole "
        f"field {ratio:.2g} times that of interpolation."
    )
