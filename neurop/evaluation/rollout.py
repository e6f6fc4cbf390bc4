"""Autoregressive rollouts: error growth, correlation, spectra, stability and drift."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

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
from neurop.evaluation.leads import step_of
from neurop.evaluation.octaves import octave_coordinates, octave_growth
from neurop.evaluation.trajectory_scores import trajectory_scores
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import blank
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.spectra import spectrum_error, wavenumber_name

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

THRESHOLDS = (0.9, 0.8)


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
        (:mod:`neurop.evaluation.climate`), ``octave_relative_l2`` ``(step, octave, field)`` without
        a mask (:mod:`neurop.evaluation.octaves`), ``<invariant>_drift`` and
        ``<invariant>_drift_truth``; scalars ``trajectory_relative_l2`` (norms over all steps, mean
        over fields and samples; ``trajectory_relative_l2_samples`` per sample),
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
    shortest = min(truth.length(sample) for sample in range(len(truth)))
    if steps < 1:
        raise InputError.of("steps", steps, "give at least 1")
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    if not 0 <= start <= shortest - past:
        raise InputError.of(
            "start",
            start,
            f"{shortest} frames with a history of {past} allow 0 to {shortest - past}",
        )
    known = min(steps, frames - past - start)
    parts = []
    with evaluating(surrogate):
        for first in range(0, len(truth), batch_size):
            batch = truth.values[first : first + batch_size]
            starts = [(first + i, start + past - 1) for i in range(len(batch))]
            given = given_at(surrogate, truth, starts, steps)
            initial = to_model_dtype(surrogate, batch[:, start : start + past])
            predicted = surrogate.trajectory(initial, steps, given)
            true = to_float64(surrogate, batch)
            weights = measure(surrogate.card, true, given)
            own = [truth.length(sample) - start - past for sample, _ in starts]
            parts.append(
                trajectory_scores(
                    predicted, true, truth.grid, start + past, own, surrogate.scale, weights
                )
            )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    joined["truth"] = np.full_like(joined["prediction"], np.nan)
    joined["truth"][:, :known] = truth.values[:, start + past : start + past + known]
    own = [truth.length(sample) - start - past for sample in range(len(truth))]
    joined["valid"] = np.arange(steps) < np.minimum(own, known)[:, None]
    joined["truth"][~joined["valid"]] = np.nan
    return _dataset(surrogate, truth, joined, steps, start, known, invariants)


def _dataset(
    surrogate: Surrogate,
    truth: FieldSet,
    joined: dict[str, NDArray[Any]],
    steps: int,
    start: int,
    known: int,
    invariants: Sequence[str],
) -> xr.Dataset:
    def average(values: NDArray[Any]) -> NDArray[Any]:
        """Return the mean over the samples whose truth is known at a step."""
        where = joined["valid"].reshape(*joined["valid"].shape, *[1] * (values.ndim - 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # no truth at a step: NaN
            return np.mean(values, 0, where=where)

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
            ["step"], average(joined[f"{name}_samples"]), f"{text}, mean over samples"
        )
    data["relative_l2_samples"] = variable(
        ["sample", "step"], joined["relative_l2_samples"], "relative L2 error"
    )
    fields = average(joined["relative_l2_field"].swapaxes(1, 2))
    data["relative_l2_field"] = variable(
        ["step", "field"], fields, "relative L2 error of each field, mean over samples"
    )
    means = average(joined["correlation_samples"])
    data["correlation"] = variable(
        ["step"], means, "Pearson correlation with the truth, mean over samples"
    )
    data["trajectory_relative_l2"] = variable(
        [],
        _mean(joined["trajectory"][joined["valid"].any(1)]),
        "relative L2 error of the stacked trajectory",
    )
    data["trajectory_relative_l2_samples"] = variable(
        ["sample"], joined["trajectory"], "relative L2 error of the stacked trajectory"
    )
    spectra = {
        "prediction": joined["spectrum_prediction"].mean(0),
        "truth": average(joined["spectrum_truth"]),
    }
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
    if truth.inside is None:
        data["octave_relative_l2"] = octave_growth(
            joined["prediction"], joined["truth"], joined["valid"], truth.grid
        )
    step, unit_of_step = step_of(surrogate, truth)
    times = np.arange(1, steps + 1) * (1.0 if step is None else float(step))
    time_unit = "1" if step is None else unit_of_step
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
    if truth.inside is None:
        coords |= octave_coordinates(truth.grid, truth.shape)
    shells = np.arange(spectra["truth"].shape[-1])
    coords["wavenumber"] = ("wavenumber", shells, {"long_name": wavenumber_name(truth.grid)})
    return xr.Dataset(
        data,
        coords,
        {
            "model": surrogate.name,
            "start": start,
            "source": truth.source,
            "known_steps": known,  # of the longest trajectory; those of the shortest are in common
            "common_steps": int(joined["valid"].all(0).sum()),
        },
    )


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")
