"""Scores on a test set: one-step errors, and the skill of forecasts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import (
    check_compatible,
    coordinates,
    field_coordinate,
    given_at,
    iterate_pairs,
    to_float64,
    to_model_dtype,
)
from neurop.evaluation.examples import examples
from neurop.evaluation.leads import step_of
from neurop.evaluation.octaves import PARTS, octave_coordinates, octave_parts, octave_variables
from neurop.evaluation.score_variables import lead_coordinates, leading, one_step
from neurop.fields.fieldset import FieldSet
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.measure import Weights
from neurop.metrics.norms import mean, relative_l2, relative_l2_field

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

LEADS = (1, 4, 12)


def score(
    surrogate: Surrogate,
    test: FieldSet,
    climatology: NDArray[Any] | None = None,
    leads: Sequence[int] | None = None,
    batch_size: int = 16,
) -> xr.Dataset:
    r"""Score a surrogate on a test set, in physical units unless a name contains ``relative``.

    Forecasts with lead time :math:`l` start from every possible frame, and

    .. math:: \mathrm{RMSE}(l) =
       \sqrt{\mathrm{mean}_{\,\mathrm{starts}}\, \langle w\,(p - y)^2\rangle}, \qquad
       \mathrm{ACC}(l) = \mathrm{mean}_{\,\mathrm{starts}}\,
       \frac{\langle w\,(p-c)(y-c)\rangle}
       {\sqrt{\langle w\,(p-c)^2\rangle\langle w\,(y-c)^2\rangle}}

    with :math:`\langle\cdot\rangle` the mean over the grid, :math:`w` the cell measure and
    :math:`c` the climatology.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    test
        Data with the surrogate's fields and grid.
    climatology
        Climatology ``(channel, *grid)`` of the training period, for its RMSE and the ACC.
    leads
        Lead times in frames; by default those of 1, 4 and 12 that the trajectories allow. Ignored
        for a map.
    batch_size
        Number of inputs per call of the surrogate.

    Returns
    -------
    xarray.Dataset
        ``relative_l2`` (:func:`neurop.metrics.norms.relative_l2`, mean over samples or windows, one
        step), ``relative_l2_samples``, ``relative_l2_median``, ``relative_l2_worst``,
        ``worst_sample``; per field ``rmse_one_step`` and ``relative_l2_field``; for an evolution
        ``rmse``, ``persistence_rmse``, ``climatology_rmse``, ``acc``, ``persistence_acc`` ``(lead,
        field)`` and ``persistence_relative_l2``; ``octave_relative_l2``, ``octave_error_share``,
        ``octave_truth_share`` ``(octave, field)`` of one step by octaves of wavenumbers, without
        a mask; examples ``truth``, ``prediction`` ``(example, field, *grid)``.

    Raises
    ------
    InputError
        If the data do not fit the surrogate, a lead time is too long, or the climatology has
        another shape.

    Examples
    --------
    >>> from neurop import Field, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 6, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> score(Surrogate.of(data, "fno"), data).rmse.lead.values
    array([1, 4])
    """
    test = check_compatible(surrogate, test)
    chosen = _leads(surrogate, test, leads)
    shape = (len(test.outputs), *test.shape)
    if climatology is not None and climatology.shape != shape:
        raise InputError(
            f"the climatology has shape {climatology.shape}, the test set needs (channel, *grid) "
            f"= {shape}",
            "climatology",
            climatology.shape,
        )
    kept: dict[str, list[Tensor]] = defaultdict(list)
    with evaluating(surrogate):
        for part in (
            _map(surrogate, test, batch_size)
            if test.has_targets
            else _forecasts(surrogate, test, chosen, climatology, batch_size)
        ):
            for name, values in part.items():
                kept[name].append(values)
        shown = examples(surrogate, test)
    errors = {name: torch.cat(values).double().cpu().numpy() for name, values in kept.items()}
    windows = [
        1 if test.has_targets else max(test.length(sample) - surrogate.card.history, 0)
        for sample in range(len(test))
    ]
    return xr.Dataset(
        one_step(errors, windows) | octave_variables(errors) | leading(errors, chosen) | shown,
        field_coordinate(surrogate.card.outputs)
        | coordinates(test)
        | lead_coordinates(step_of(surrogate, test), chosen)
        | (octave_coordinates(test.grid, test.shape) if PARTS[0] in errors else {}),
        {"model": surrogate.name, "source": test.source, "samples": len(test)},
    )


def _leads(surrogate: Surrogate, test: FieldSet, leads: Sequence[int] | None) -> tuple[int, ...]:
    if test.has_targets:
        return ()
    longest = test.values.shape[1] - surrogate.card.history
    for lead in leads or ():
        if not 1 <= lead <= longest:
            raise InputError(
                f"leads: {lead} is out of range; {test.values.shape[1]} frames with a history of "
                f"{surrogate.card.history} allow 1 to {longest}",
                "leads",
                lead,
            )
    return tuple(sorted(set(leads))) if leads else tuple(lead for lead in LEADS if lead <= longest)


def _map(surrogate: Surrogate, test: FieldSet, batch_size: int) -> Iterator[dict[str, Tensor]]:
    for x, y, given in iterate_pairs(surrogate, test, batch_size):
        weights = measure(surrogate.card, y, given)
        yield _errors(surrogate(x, given=given).double(), y, weights, surrogate, test)


def _errors(
    p: Tensor, y: Tensor, weights: Weights, surrogate: Surrogate, test: FieldSet
) -> dict[str, Tensor]:
    """Return relative errors per sample, relative and squared errors per sample and field."""
    fields = relative_l2_field(p, y, weights, surrogate.scale)
    # The spectrum of a field with a mask is that of its edges.
    spectra = octave_parts(p, y, test.grid) if test.inside is None else {}
    return spectra | {
        "relative": fields.mean(1),
        "square": mean((p - y).square(), weights),
        "relative_field": fields,
    }


def _forecasts(
    surrogate: Surrogate,
    test: FieldSet,
    leads: Sequence[int],
    climatology: NDArray[Any] | None,
    batch_size: int,
) -> Iterator[dict[str, Tensor]]:
    """Yield the errors of forecasts from every frame, in batches of frames of one sample."""
    past = surrogate.card.history
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    normal = None if climatology is None else to_float64(surrogate, climatology)
    for number in range(len(test)):
        frames = test.length(number)
        for first in range(past - 1, frames - 1, batch_size):
            last = np.arange(
                first, min(first + batch_size, frames - 1)
            )  # the last input frame of each forecast
            reach = int(max(lead for lead in (1, *leads) if first + lead < frames))
            # Only the frames of these forecasts, as a trajectory need not fit into memory.
            stop = min(last[-1] + reach + 1, frames)
            stretch = np.asarray(test.values[number, first - past + 1 : stop])
            starts, last = last, last - (first - past + 1)
            ends = len(stretch)
            frames_in = np.stack([stretch[t - past + 1 : t + 1] for t in last])
            given = given_at(surrogate, test, [(number, int(t)) for t in starts], reach, pad=True)
            p = surrogate.trajectory(to_model_dtype(surrogate, frames_in), reach, given).double()
            now = to_float64(surrogate, stretch[last])
            # Of one sample, so that it fits any number of starts.
            weights = measure(surrogate.card, now, None if given is None else given[:1])
            y = to_float64(surrogate, stretch[last + 1])
            part = _errors(p[:, 0], y, weights, surrogate, test)
            part |= {"persistence_relative": relative_l2(now, y, weights, surrogate.scale)}
            for lead in (lead for lead in leads if lead <= reach):
                fits = int((last + lead < ends).sum())
                y = to_float64(surrogate, stretch[last[:fits] + lead])
                part |= {
                    f"{name} {lead}": v
                    for name, v in _skill(
                        p[:fits, lead - 1], y, now[:fits], normal, weights
                    ).items()
                }
            yield part


def _skill(
    p: Tensor, y: Tensor, now: Tensor, normal: Tensor | None, weights: Weights
) -> dict[str, Tensor]:
    """Return mean square errors and anomaly correlations of the forecasts, per start and field."""
    found = {
        "rmse": mean((p - y).square(), weights),
        "persistence_rmse": mean((now - y).square(), weights),
    }
    if normal is None:
        return found
    anomaly = y - normal
    size = mean(anomaly.square(), weights)
    found["climatology_rmse"] = size
    for name, forecast in (("acc", p - normal), ("persistence_acc", now - normal)):
        found[name] = (
            mean(forecast * anomaly, weights) / (mean(forecast.square(), weights) * size).sqrt()
        )
    return found
