"""Error bands of a rollout, and their coverage."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from neurop.evaluation.batches import check_compatible
from neurop.evaluation.coverage import check_unseen, measured
from neurop.evaluation.forecasts import Forecasts
from neurop.fields.fieldset import FieldSet
from neurop.inference.bands import BandWarning, bands_of
from neurop.metrics.measure import Measure

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def with_bands(
    surrogate: Surrogate, run: xr.Dataset, truth: FieldSet, level: float | None = None
) -> xr.Dataset:
    """Return a rollout with its bands and their measured coverage.

    Parameters
    ----------
    surrogate
        Calibrated surrogate.
    run
        Result of :func:`neurop.evaluation.rollout`.
    truth
        Trajectories of the rollout.
    level
        Probability; that of the calibration by default.

    Returns
    -------
    xarray.Dataset
        The rollout with ``lower`` and ``upper`` ``(sample, step, field, *grid)``, NaN after the
        calibrated lead times; and, ``(step, field)``, ``band_coverage``, ``band_area``,
        ``band_expected_low``, ``band_expected_high`` and ``band_half_width``, which are the
        variables of :func:`neurop.evaluation.coverage`.

    Raises
    ------
    InputError
        If the surrogate is not calibrated, the calibration has too few samples for the level, or
        the samples or the time step are those that :func:`neurop.evaluation.coverage` refuses.

    Warns
    -----
    BandWarning
        If the rollout begins at another frame, has more steps or another grid than the calibration.
    """
    bands = bands_of(surrogate)
    truth = check_compatible(surrogate, truth)
    check_unseen(surrogate, truth)
    steps = run.sizes["step"]
    leads = min(bands.leads, steps)
    if leads < steps:
        _warn(f"the bands are calibrated for {leads} steps; later ones have none")
    if bands.about["every"] is None and run.attrs["start"] != bands.about["start"]:
        _warn(
            f"the bands are calibrated for forecasts from frame {bands.about['start']}; their "
            f"coverage from frame {run.attrs['start']} is not guaranteed"
        )
    if truth.shape != bands.shape:
        _warn(
            f"the bands are calibrated on {bands.shape} points; on {truth.shape} their coverage is "
            "not guaranteed"
        )
    half = np.full(run.prediction.shape[1:], np.nan)
    half[:leads] = bands.half_width(truth.shape, level)[:leads]
    found = measured(bands, _batches(run, truth, leads), truth, leads, level)
    prediction = run.prediction.astype(np.float32)
    text = f"{100 * found.attrs['level']:g} % band"
    made = {
        name: (prediction + sign * half.astype(np.float32)).assign_attrs(
            run.prediction.attrs | {"long_name": f"{name} bound of the {text}"}
        )
        for name, sign in (("lower", -1.0), ("upper", 1.0))
    }
    by_step = found.drop_vars("lead").rename(lead="step").pad(step=(0, steps - leads))
    for name in ("coverage", "area", "expected_low", "expected_high", "half_width"):
        made[f"band_{name}"] = by_step[name]
    about = {"band_level": found.attrs["level"], "band_guarantee": found.attrs["guarantee"]}
    return run.assign(made).assign_attrs(about)


def _batches(run: xr.Dataset, truth: FieldSet, leads: int) -> Iterator[Forecasts]:
    """Yield the forecasts of a rollout, one sample each."""
    cells = torch.from_numpy(truth.grid.weights(truth.shape))
    for sample in range(len(truth)):
        p, y = (
            torch.from_numpy(run[name].values[sample : sample + 1, :leads]).double()
            for name in ("prediction", "truth")
        )
        if truth.inside is None:
            yield Forecasts(p, y, cells)
            continue
        row = sample if len(truth.inside) > 1 else 0
        inside = torch.from_numpy(truth.inside[row : row + 1].copy())
        # Values outside are blank, which would read as a truth that is not known.
        known = ~y.isnan().flatten(3).all(-1)[(..., *[None] * cells.dim())]
        outside = ~inside[:, None, None]
        p, y = torch.where(outside, 0.0, p), torch.where(outside & known, 0.0, y)
        yield Forecasts(p, y, Measure(cells, inside))


def _warn(text: str) -> None:
    warnings.warn(text, BandWarning, stacklevel=3)
