"""Forecasts on the sphere from every start, scored by the definitions of WeatherBench 2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import (
    check_compatible,
    coordinates,
    field_coordinate,
    given_at,
    to_float64,
    to_model_dtype,
)
from neurop.evaluation.climatology import Climatology
from neurop.fields.fieldset import FieldSet
from neurop.fields.same_units import in_units
from neurop.geometry.sphere import Sphere
from neurop.inference.domain import inside
from neurop.inference.evaluating import evaluating
from neurop.metrics.measure import Measure, Weights
from neurop.metrics.norms import mean
from neurop.metrics.weather import anomaly_correlation, cell_areas, degree_spectrum

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

WORDS = {
    "rmse": "RMSE",
    "bias": "bias: mean of prediction minus truth",
    "acc": "anomaly correlation",
    "persistence_rmse": "RMSE of persistence",
    "persistence_acc": "anomaly correlation of persistence",
    "climatology_rmse": "RMSE of the climatology",
}


def weather(
    surrogate: Surrogate,
    test: FieldSet,
    train: FieldSet,
    leads: Sequence[int],
    batch_size: int = 16,
) -> xr.Dataset:
    r"""Score forecasts by lead time with area weights, against climatology and persistence.

    Parameters
    ----------
    surrogate
        Surrogate of an evolution on a sphere or a part of it.
    test
        Data with its fields and grid.
    train
        Training data, for the climatology at the valid times
        (:class:`neurop.evaluation.climatology.Climatology`).
    leads
        Lead times in frames.
    batch_size
        Number of forecasts per call of the surrogate.

    Returns
    -------
    xarray.Dataset
        Per lead time and field, in its unit: ``rmse`` (root of the mean over starts of the weighted
        mean square), ``bias``, ``acc`` (mean over starts of
        :func:`neurop.metrics.weather.anomaly_correlation`), ``persistence_rmse``,
        ``persistence_acc``, ``climatology_rmse``; ``bias_map`` ``(lead, field, latitude,
        longitude)``; on a whole sphere without mask ``spectrum_prediction`` and ``spectrum_truth``
        by degree (means over starts of :func:`neurop.metrics.weather.degree_spectrum`). The
        attribute ``climatology`` says what the climatology is.

    Raises
    ------
    InputError
        If the surrogate is a map or not on a sphere, the data do not fit it, or a lead time is out
        of range.
    """
    if not surrogate.card.is_state:
        raise InputError.of("problem", "map", "weather scores are of forecasts in time")
    if not isinstance(surrogate.card.grid, Sphere):
        raise InputError.of("grid", surrogate.card.grid.geometry, "weather scores are of a sphere")
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    test = check_compatible(surrogate, test)
    longest = test.values.shape[1] - surrogate.card.history
    for lead in leads:
        if not 1 <= lead <= longest:
            raise InputError.of("leads", lead, f"the trajectories allow 1 to {longest}")
    normal = Climatology(in_units(train, surrogate.card.inputs, surrogate.card.outputs))
    sums: dict[str, Any] = defaultdict(float)
    with evaluating(surrogate):
        for lead, found in _forecasts(surrogate, test, normal, sorted(set(leads)), batch_size):
            for name, values in found.items():
                sums[f"{name} {lead}"] += values.sum(0)
            sums[f"count {lead}"] += len(found["rmse"])
    return _dataset(test, normal, sorted(set(leads)), sums, "lead")


def weather_of_rollout(
    result: xr.Dataset, truth: FieldSet, climatology: Climatology, first: int
) -> xr.Dataset:
    """Score the steps of a rollout as :func:`weather` scores lead times, over its samples.

    Parameters
    ----------
    result
        Result of :func:`neurop.evaluation.rollout.rollout`.
    truth
        Its trajectories, in the units of the surrogate.
    climatology
        Climatology of the training data, in the same units.
    first
        Frame of the first step.

    Returns
    -------
    xarray.Dataset
        As of :func:`weather`, with the dimension ``step``, up to the last step with a truth.
    """
    grid, known = truth.grid, int(result.attrs["known_steps"])
    dates = None if truth.times is None else truth.times.values[first : first + known]
    climate = torch.from_numpy(climatology.at(dates, known))
    areas = torch.from_numpy(cell_areas(_sphere(grid), truth.shape))
    sums: dict[str, Any] = {}
    for step in range(known):
        rows = [s for s in range(len(truth)) if truth.length(s) > first + step]
        domain = None if truth.inside is None else truth.inside
        if domain is not None and len(domain) > 1:
            domain = domain[rows]
        weights: Weights = (
            areas if domain is None else Measure(areas, torch.from_numpy(domain.copy()))
        )
        kept = True if domain is None else domain[:, None]
        p, y, now = (
            torch.from_numpy(np.where(kept, values, 0.0).astype(np.float64))
            for values in (
                result.prediction.values[rows, step],
                result.truth.values[rows, step],
                np.asarray(truth.values[:, first - 1])[rows],
            )
        )
        for name, values in _scores(p, y, now, climate[step], weights, grid).items():
            sums[f"{name} {step + 1}"] = values.sum(0)
        sums[f"count {step + 1}"] = len(rows)
    return _dataset(truth, climatology, range(1, known + 1), sums, "step")


def _forecasts(
    surrogate: Surrogate,
    test: FieldSet,
    normal: Climatology,
    leads: Sequence[int],
    batch_size: int,
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yield lead time and scores per start, ``(start, field, ...)``."""
    past, grid = surrogate.card.history, test.grid
    dates = None if test.times is None else test.times.values
    climate = normal.at(dates, test.values.shape[1])
    areas = torch.from_numpy(cell_areas(_sphere(grid), test.shape))
    for sample in range(len(test)):
        frames = test.length(sample)
        for first in range(past - 1, frames - 1, batch_size):
            last = np.arange(first, min(first + batch_size, frames - 1))
            reach = max((lead for lead in leads if first + lead < frames), default=0)
            if not reach:
                continue
            stop = min(last[-1] + reach + 1, frames)
            stretch = np.asarray(test.values[sample, first - past + 1 : stop])
            offset = first - past + 1
            x = np.stack([stretch[t - offset - past + 1 : t - offset + 1] for t in last])
            starts = [(sample, int(t)) for t in last]
            given = given_at(surrogate, test, starts, reach, pad=True)
            made = surrogate.trajectory(to_model_dtype(surrogate, x), reach, given).double()
            domain = None if given is None else inside(surrogate.card, given[:1, 0])
            cells = areas.to(made.device)
            weights: Weights = cells if domain is None else Measure(cells, domain)
            for lead in leads:
                fits = last[last + lead < frames]
                if not len(fits):
                    continue
                y = to_float64(surrogate, stretch[fits - offset + lead])
                now = to_float64(surrogate, stretch[fits - offset])
                c = to_float64(surrogate, climate[fits + lead])
                p = made[: len(fits), lead - 1]
                yield lead, _scores(p, y, now, c, weights, grid)


def _scores(
    p: Tensor, y: Tensor, now: Tensor, c: Tensor, weights: Weights, grid: Any
) -> dict[str, np.ndarray]:
    found = {
        "rmse": mean((p - y).square(), weights),
        "bias": mean(p - y, weights),
        "acc": anomaly_correlation(p, y, c, weights),
        "persistence_rmse": mean((now - y).square(), weights),
        "persistence_acc": anomaly_correlation(now, y, c, weights),
        "climatology_rmse": mean((c - y).square(), weights),
        "bias_map": p - y,
    }
    made = {name: values.cpu().numpy() for name, values in found.items()}
    if grid.is_whole and not isinstance(weights, Measure):
        for name, values in (("prediction", p), ("truth", y)):
            made[f"spectrum_{name}"] = degree_spectrum(values.cpu().numpy(), grid)
    return made


def _dataset(
    test: FieldSet, normal: Climatology, leads: Sequence[int], sums: dict[str, Any], along: str
) -> xr.Dataset:
    """Return means over the starts."""

    def means(name: str) -> np.ndarray:
        return np.stack([sums[f"{name} {lead}"] / sums[f"count {lead}"] for lead in leads])

    made: dict[str, Any] = {}
    for name, words in WORDS.items():
        values = means(name)
        unit = {"units": "1"} if name.endswith("acc") else {}
        values = np.sqrt(values) if name.endswith("rmse") else values
        made[name] = ((along, "field"), values, {"long_name": words} | unit)
    names = ("field", *test.grid.names)
    made["bias_map"] = ((along, *names), means("bias_map"), {"long_name": WORDS["bias"]})
    for name in ("prediction", "truth"):
        if f"spectrum_{name} {leads[0]}" in sums:
            text = {"long_name": f"power by spherical-harmonic degree of the {name}"}
            made[f"spectrum_{name}"] = (
                (along, "field", "degree"),
                means(f"spectrum_{name}"),
                text,
            )
    about = {"long_name": "lead time", "units": "1", "comment": "in frames"}
    place: dict[str, Any] = {along: (along, list(leads), about)}
    if "spectrum_truth" in made:
        degree = list(range(made["spectrum_truth"][1].shape[-1]))
        place["degree"] = ("degree", degree, {"long_name": "degree", "units": "1"})
    starts = [int(sums[f"count {lead}"]) for lead in leads]
    return xr.Dataset(
        made,
        field_coordinate(test.outputs) | coordinates(test) | place,
        {"climatology": normal.kind, "starts": starts, "definitions": "WeatherBench 2"},
    )


def _sphere(grid: Any) -> Sphere:
    assert isinstance(grid, Sphere)
    return grid
