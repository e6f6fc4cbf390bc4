"""Coverage of the error bands of a surrogate, measured on data."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible, field_coordinate, variable
from neurop.evaluation.forecasts import (
    Forecasts,
    forecasts,
    known_leads,
    sample_digests,
    starts_of,
)
from neurop.evaluation.leads import step_of
from neurop.fields.fieldset import FieldSet
from neurop.inference.bands import bands_of
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.conformal.rank import rank
from neurop.inference.evaluating import evaluating

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def coverage(
    surrogate: Surrogate, test: FieldSet, level: float | None = None, batch_size: int = 16
) -> xr.Dataset:
    r"""Return the measured coverage of the bands of a calibrated surrogate.

    Parameters
    ----------
    surrogate
        Calibrated surrogate.
    test
        Data that neither the training nor the calibration has seen.
    level
        Probability; that of the calibration by default.
    batch_size
        Forecasts per call of the surrogate.

    Returns
    -------
    xarray.Dataset
        By lead time and field: ``coverage``, the share of forecasts that their band covers in the
        sense of its guarantee; ``area``, the mean share of the domain that is inside;
        ``half_width``, the mean half-width in the unit of the field; ``expected_low`` and
        ``expected_high``, between which the coverage of as many exchangeable forecasts is with a
        probability of 90 % (beta-binomial distribution); and ``forecasts``, their number.

    Raises
    ------
    InputError
        If the surrogate is not calibrated, the data do not fit it or are those of the calibration,
        or the calibration has too few samples for the level.

    Examples
    --------
    >>> from neurop import Field, Grid, Surrogate
    >>> from neurop.evaluation import calibrate
    >>> rng = np.random.default_rng(0)
    >>> train, held_out, test = (
    ...     FieldSet(rng.random((40, 2, 1, 16)), (Field("u"),), Grid.periodic(1)) for _ in range(3)
    ... )
    >>> surrogate = Surrogate.of(train, "fno")
    >>> surrogate.bands = calibrate(surrogate, train, held_out, level=0.9)
    >>> found = coverage(surrogate, test)
    >>> bool((found.coverage >= found.expected_low).all())
    True
    """
    bands = bands_of(surrogate)
    test = check_compatible(surrogate, test)
    check_unseen(surrogate, test)
    starts = starts_of(surrogate, test, bands.about["start"], bands.about["every"])
    leads = min(bands.leads, max(known_leads(surrogate, test, starts)))
    with evaluating(surrogate):
        batches = forecasts(surrogate, test, starts, leads, batch_size)
        found = measured(bands, batches, test, leads, level)
    return found.assign_coords(field_coordinate(surrogate.card.outputs))


def check_unseen(surrogate: Surrogate, test: FieldSet) -> None:
    """Raise InputError unless the bands of a surrogate can be judged by a set.

    Parameters
    ----------
    surrogate
        Calibrated surrogate.
    test
        Data from :func:`neurop.evaluation.batches.check_compatible`.

    Raises
    ------
    InputError
        If they are the data of the calibration, or their time step is another one.
    """
    about = bands_of(surrogate).about
    seen = len({*sample_digests(test)} & {*about["samples"]})
    if seen:
        remedy = f"has {seen} samples of the calibration, which do not measure coverage"
        raise InputError.of("split", test.label, f"{remedy}; take others")
    step, unit = step_of(surrogate, test)
    if step is not None and not np.isclose(step, about["step"], rtol=1e-3):
        remedy = f"the bands are calibrated for steps of {about['step']:g} {unit}"
        raise InputError.of("lead_time", step, remedy)


def measured(
    bands: Calibration,
    batches: Iterable[Forecasts],
    data: FieldSet,
    leads: int,
    level: float | None = None,
) -> xr.Dataset:
    """Return the coverage of bands over forecasts; see :func:`coverage`.

    Parameters
    ----------
    bands
        Bands.
    batches
        Forecasts of `leads` lead times.
    data
        Set of the forecasts.
    leads
        Number of lead times, at most those of the bands.
    level
        Probability; that of the calibration by default.
    """
    q = torch.from_numpy(bands.factor(level)[:leads])
    modulation = torch.from_numpy(bands.modulation_at(data.shape)[:leads])
    hits, areas = [], []
    for batch in batches:
        device = batch.truth.device
        ratio = batch.error() / modulation.to(device)
        scores = bands.guarantee.scores(ratio, batch.weights)
        width = q.to(device).view(*q.shape, *[1] * (ratio.dim() - 3))
        inside = ((ratio <= width) * batch.weights).flatten(3).mean(-1)
        known = ~ratio.flatten(3).isnan().any(-1)
        hits.append(torch.where(scores.isnan(), scores, (scores <= q.to(device)).double()))
        areas.append(torch.where(known, inside, torch.nan))
    covered, area = (torch.cat(each).cpu().numpy() for each in (hits, areas))
    level = bands.level if level is None else level
    counts = (~np.isnan(covered)).sum(0)
    low, high = np.vectorize(exchangeable_interval)(bands.counts[:leads], counts, level)
    half_width = bands.mean_half_width(data.shape, level)[:leads]
    dims = ["lead", "field"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no truth at a lead time: NaN
        means = np.nanmean(covered, 0), np.nanmean(area, 0)
    return xr.Dataset(
        {
            "coverage": variable(dims, means[0], "share of the forecasts that the band covers"),
            "area": variable(dims, means[1], "share of the area inside the band, mean"),
            "expected_low": variable(dims, low, "5 % quantile of exchangeable data"),
            "expected_high": variable(dims, high, "95 % quantile of exchangeable data"),
            "half_width": (dims, half_width, {"long_name": "half-width of the band, mean"}),
            "forecasts": variable(dims, counts, "number of forecasts"),
        },
        {"lead": ("lead", np.arange(1, leads + 1), {"long_name": "lead time", "units": "1"})},
        {"level": level, "guarantee": bands.guarantee.statement},
    )


@lru_cache(maxsize=256)
def exchangeable_interval(samples: int, forecasts: int, level: float) -> tuple[float, float]:
    """Return the 5 % and 95 % quantiles of the coverage that exchangeable data have.

    With `samples` of the calibration and as many `forecasts`, the number of covered forecasts has a
    beta-binomial distribution.

    Source: Angelopoulos and Bates, Conformal prediction: a gentle introduction, 2023, section 3.2
    and appendix C.

    Examples
    --------
    >>> exchangeable_interval(99, 100, 0.9)
    (0.82, 0.96)
    """
    # Imported here: it takes as long as the rest of the package.
    from scipy.stats import betabinom

    k = rank(samples, level)
    if not forecasts:
        return float("nan"), float("nan")
    found = betabinom.ppf([0.05, 0.95], forecasts, k, samples + 1 - k) / forecasts
    return float(found[0]), float(found[1])
