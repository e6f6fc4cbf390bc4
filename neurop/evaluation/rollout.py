"""Autoregressive rollouts: error growth, correlation, spectra, stability and drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import (
    check_compatible,
    common_unit,
    coordinates,
    field_coordinate,
    given_at,
    to_float64,
    to_model_dtype,
    variable,
)
from neurop.evaluation.climate import mean_bias, mid_band_power
from neurop.evaluation.drift import drifts
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import blank
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.measure import Weights
from neurop.metrics.norms import FLOOR, correlation, mean, ratio, relative, scaled
from neurop.metrics.spectra import power_spectrum, spectrum_error

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

THRESHOLDS = (0.9, 0.8)
EXPLOSION = 10.0
"""Ratio of a predicted field's norm to the largest norm of its truth that counts as divergence."""


def rollout(
    surrogate: Surrogate,
    truth: FieldSet,
    steps: int,
    start: int = 0,
    invariants: Sequence[str] = (),
    batch_size: int = 16,
) -> xr.Dataset:
    r"""Run a surrogate autoregressively, and compare every step with the truth and persistence.

    Parameters
    ----------
    surrogate
        Surrogate of an evolution.
    truth
        Trajectories; frames ``start`` to ``start + history - 1`` are the input, the next is step 1.
    steps
        Number of steps; beyond the end of the truth there are stability and drift, but no scores
        (NaN).
    start
        Index of the first input frame.
    invariants
        Names of invariants; see :func:`neurop.evaluation.drift.drifts`.
    batch_size
        Samples per call of the surrogate.

    Returns
    -------
    xarray.Dataset
        ``prediction`` and ``truth`` ``(sample, step, field, *grid)``; per step ``relative_l2`` and
        ``persistence_relative_l2`` (:func:`neurop.metrics.norms.relative_l2`, means over samples;
        ``relative_l2_samples`` per sample, ``relative_l2_field`` per field), ``correlation``
        (weighted Pearson over space, mean over fields and samples; 0 for a prediction that is not
        finite), ``spectrum_prediction``, ``spectrum_truth``, ``spectrum_error``, ``mean_bias`` per
        field and, per sample, ``mid_band_power`` and ``mid_band_power_truth``
        (:mod:`neurop.evaluation.climate`), ``<invariant>_drift`` and ``<invariant>_drift_truth``;
        scalars ``trajectory_relative_l2`` (norms over all steps, mean over fields and samples),
        ``correlation_time_0.9`` and ``_0.8`` (time of the first step with a lower mean correlation;
        NaN if none) and ``first_divergent_step`` (first step at which a field of a sample is not
        finite or exceeds ten times the largest norm of its truth, or ten standard deviations of the
        training data if that is close to zero; NaN if none).

    Raises
    ------
    InputError
        If the surrogate is a map, the data do not fit it, or steps or start are out of range.

    Examples
    --------
    >>> from neurop import Field, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 4, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> rollout(Surrogate.of(data, "fno"), data, steps=3).prediction.shape
    (2, 3, 1, 16)
    """
    if not surrogate.card.is_state:
        raise InputError.of("problem", "map", "it has no time to roll out; use eval or superres")
    truth = check_compatible(surrogate, truth)
    past, frames = surrogate.card.history, truth.values.shape[1]
    if steps < 1:
        raise InputError.of("steps", steps, "give at least 1")
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    if not 0 <= start <= frames - past:
        raise InputError.of(
            "start",
            start,
            f"{frames} frames with a history of {past} allow 0 to {frames - past}",
        )
    known = min(steps, frames - past - start)
    parts = []
    with evaluating(surrogate):
        for first in range(0, len(truth), batch_size):
            batch = truth.values[first : first + batch_size]
            starts = [(first + i, start + past - 1) for i in range(len(batch))]
            given = given_at(surrogate, truth, starts, steps)
            frames = to_model_dtype(surrogate, batch[:, start : start + past])
            predicted = surrogate.trajectory(frames, steps, given)
            true = to_float64(surrogate, batch)
            weights = measure(surrogate.card, true, given)
            parts.append(
                _score(predicted, true, truth, start + past, known, surrogate.scale, weights)
            )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    joined["truth"] = np.full_like(joined["prediction"], np.nan)
    joined["truth"][:, :known] = truth.values[:, start + past : start + past + known]
    return _dataset(surrogate, truth, joined, steps, start, known, invariants)


def _score(
    predicted: Tensor,
    batch: Tensor,
    truth: FieldSet,
    first: int,
    known: int,
    scale: Tensor,
    weights: Weights,
) -> dict[str, NDArray[Any]]:
    """Return scores ``(sample, step)`` of a batch; NaN after the `known` frames from `first`."""
    steps = predicted.shape[1]
    prediction, true = predicted.double(), batch[:, first : first + known]
    unit, given = (scaled(x, scale, weights) for x in (prediction, batch))
    known_unit = given[:, first : first + known]
    error = unit[:, :known] - known_unit
    fields = _per_step(error, known_unit, weights)
    persistence = _per_step(given[:, first - 1 : first] - known_unit, known_unit, weights)
    r = torch.where(
        prediction[:, :known].isfinite().flatten(3).all(-1),
        correlation(prediction[:, :known], true, weights),
        0.0,
    )
    scores = {
        "relative_l2_samples": _padded(fields.mean(-1), steps),
        "relative_l2_field": _padded(fields.movedim(-1, 1), steps),
        "persistence_relative_l2_samples": _padded(persistence.mean(-1), steps),
        "correlation_samples": _padded(r.nanmean(-1), steps),
        "trajectory": relative(error, known_unit, weights).mean(1),
        "divergent": _divergent(unit, given, weights),
        "prediction": predicted.float(),
    }
    spectra = {
        "spectrum_prediction": _spectra(prediction, truth),
        "spectrum_truth": _spectra(true, truth, steps),
    }
    return {name: values.cpu().numpy() for name, values in scores.items()} | spectra


def _per_step(error: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    """Return the relative error of each step and field, ``(batch, time, channel)``."""
    return ratio(mean(error.square(), weights), mean(truth.square(), weights))


def _divergent(prediction: Tensor, truth: Tensor, weights: Weights) -> Tensor:
    """Return whether a field has diverged, ``(batch, time)``; fields are in units of scale."""
    size, bound = (mean(x.square(), weights) for x in (prediction, truth))
    bound = bound.amax(1, keepdim=True)
    # The truth of a field at rest gives no bound; its deviation in the training data does.
    bound = torch.where(bound < FLOOR**2, 1.0, bound)
    return (~size.isfinite() | (size > EXPLOSION**2 * bound)).any(-1)


def _padded(values: Tensor, steps: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, steps - values.shape[-1]), value=float("nan"))


def _spectra(values: Tensor, truth: FieldSet, steps: int = 0) -> NDArray[Any]:
    power = power_spectrum(values.cpu().numpy(), truth.grid)[1]
    return np.pad(
        power, ((0, 0), (0, max(steps - power.shape[1], 0)), (0, 0), (0, 0)), constant_values=np.nan
    )


def _dataset(
    surrogate: Surrogate,
    truth: FieldSet,
    joined: dict[str, NDArray[Any]],
    steps: int,
    start: int,
    known: int,
    invariants: Sequence[str],
) -> xr.Dataset:
    trajectory = ("sample", "step", "field", *truth.grid.names)
    unit = common_unit(surrogate.card.outputs)
    data: dict[str, Any] = {
        kind: (trajectory, blank(joined[kind], truth.inside), {"long_name": kind, **unit})
        for kind in ("prediction", "truth")
    }
    for name, text in (
        ("relative_l2", "relative L2 error"),
        ("persistence_relative_l2", "relative L2 error of persistence"),
    ):
        data[name] = variable(
            ["step"], joined[f"{name}_samples"].mean(0), f"{text}, mean over samples"
        )
    data["relative_l2_samples"] = variable(
        ["sample", "step"], joined["relative_l2_samples"], "relative L2 error"
    )
    fields = joined["relative_l2_field"].mean(0).T
    data["relative_l2_field"] = variable(
        ["step", "field"], fields, "relative L2 error of each field, mean over samples"
    )
    means = joined["correlation_samples"].mean(0)
    data["correlation"] = variable(
        ["step"], means, "Pearson correlation with the truth, mean over samples"
    )
    data["trajectory_relative_l2"] = variable(
        [], _mean(joined["trajectory"]), "relative L2 error of the stacked trajectory"
    )
    spectra = {kind: joined[f"spectrum_{kind}"].mean(0) for kind in ("prediction", "truth")}
    for kind, power in spectra.items():
        data[f"spectrum_{kind}"] = (
            ("step", "field", "wavenumber"),
            power,
            {"long_name": f"power spectrum of the {kind}, mean over samples"},
        )
    error = spectrum_error(spectra["prediction"], spectra["truth"])
    data["spectrum_error"] = variable(
        ["step", "field"], error, "mean |log10| ratio of the power spectra"
    )
    bias = mean_bias(joined["prediction"], joined["truth"], truth.grid, truth.inside)
    data["mean_bias"] = variable(
        ["step", "field"],
        bias,
        "mean over space minus the true one, over the true root mean square",
    )
    middle = mid_band_power(joined["spectrum_prediction"], joined["spectrum_truth"])
    for mark, power in zip(("", "_truth"), middle, strict=True):
        data[f"mid_band_power{mark}"] = variable(
            ["sample", "step", "field"], power, "power in the middle third of the spectrum"
        )
    times = np.arange(1, steps + 1) * (
        1.0 if surrogate.card.sampling.step is None else float(surrogate.card.sampling.step)
    )
    time_unit = "1" if surrogate.card.sampling.step is None else surrogate.card.sampling.unit
    for threshold in THRESHOLDS:
        below = np.flatnonzero(means[:known] < threshold)
        lost = times[below[0]] if below.size else np.nan
        data[f"correlation_time_{threshold}"] = variable(
            [], lost, f"time at which the correlation falls below {threshold}", time_unit
        )
    gone = np.flatnonzero(joined["divergent"].any(0))
    data["first_divergent_step"] = variable(
        [],
        gone[0] + 1 if gone.size else np.nan,
        "first step at which a sample has diverged",
    )
    initial = truth.values[:, start + surrogate.card.history - 1]
    for kind, mark, word in (("prediction", "", "predicted"), ("truth", "_truth", "true")):
        changes = drifts(invariants, initial, joined[kind], truth.fields, truth.grid)
        for name, values in changes.items():
            text = f"relative change of {name} since the start, {word}"
            data[f"{name}_drift{mark}"] = variable(["sample", "step"], values, text)
    coords = (
        field_coordinate(surrogate.card.outputs)
        | coordinates(truth)
        | {"step": np.arange(1, steps + 1)}
    )
    coords["time"] = (
        "step",
        times,
        {"units": time_unit, "long_name": "time since the last given frame"},
    )
    coords["wavenumber"] = np.arange(spectra["truth"].shape[-1])
    return xr.Dataset(
        data,
        coords,
        {"model": surrogate.name, "start": start, "source": truth.source, "known_steps": known},
    )


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")
