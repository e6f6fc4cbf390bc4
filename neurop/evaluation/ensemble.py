"""Scores of ensembles: several surrogates, or perturbed inputs."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
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
    variable,
)
from neurop.evaluation.forecasts import Forecasts, forecasts, known_leads, starts_of
from neurop.evaluation.leads import step_of
from neurop.evaluation.perturbation import Members
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import blank
from neurop.inference.evaluating import evaluating
from neurop.metrics.crps import fair_crps
from neurop.metrics.ensembles import (
    energy_score,
    interval_coverage,
    rank_frequencies,
    spread_and_error,
)
from neurop.metrics.norms import mean

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

LONG = {
    "crps": "fair CRPS",
    "mae": "mean absolute error of a member",
    "member_rmse": "RMSE of a member",
    "spread": "spread of the ensemble, for a comparison with the RMSE of its mean",
    "rmse": "RMSE of the ensemble mean",
}


def ensemble(
    surrogates: Sequence[Surrogate],
    truth: FieldSet,
    steps: int | None = None,
    start: int = 0,
    perturbation: Members | None = None,
    batch_size: int = 16,
) -> xr.Dataset:
    """Score an ensemble of forecasts, from one start of each trajectory, or of a map.

    Parameters
    ----------
    surrogates
        Surrogates of the same fields and grid, such as runs with other seeds; each is a member, or
        as many as `perturbation` has.
    truth
        Test data.
    steps
        Number of lead times; by default to the end of the longest trajectory.
    start
        First input frame.
    perturbation
        Other inputs for each member, such as :class:`neurop.evaluation.Perturbation`,
        :class:`neurop.evaluation.WhiteNoise` or :class:`neurop.evaluation.Lagged`; None for the
        inputs as they are.
    batch_size
        Forecasts per call of a surrogate.

    Returns
    -------
    xarray.Dataset
        By step and field, in the unit of the field: ``crps`` (fair,
        :func:`neurop.metrics.crps.fair_crps`), ``spread`` and ``rmse`` of the mean
        (:func:`neurop.metrics.ensembles.spread_and_error`), ``mae`` and ``member_rmse`` of single
        members, and without a unit ``spread_over_error``, ``rank_frequency`` ``(step, field,
        rank)`` and ``interval_coverage`` ``(step, field, level)``; by step ``energy_score``
        (:func:`neurop.metrics.ensembles.energy_score`, in standard deviations of the training
        data); ``spread_samples`` and ``rmse_samples`` ``(sample, step, field)``; and ``truth``,
        ``prediction`` (the mean) and ``deviation`` of the members ``(sample, step, field, *grid)``.
        A score is NaN where a member is not finite.

    Raises
    ------
    InputError
        If there are fewer than two members, the surrogates differ in fields or time step, or the
        data do not fit them.

    Examples
    --------
    >>> from neurop import Field, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(4, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> runs = [Surrogate.of(data, "fno") for _ in range(3)]
    >>> found = ensemble(runs, data)
    >>> found.sizes["rank"], bool((found.crps <= found.mae).all())
    (4, True)
    """
    each = perturbation.members if perturbation else 1
    if len(surrogates) * each < 2:
        raise InputError.of(
            "members",
            len(surrogates) * each,
            "an ensemble has 2 or more; give several runs or members=",
        )
    sets = [check_compatible(surrogate, truth) for surrogate in surrogates]
    data, first = sets[0], surrogates[0]
    if len({step_of(s, one)[0] for s, one in zip(surrogates, sets, strict=True)}) > 1:
        raise InputError.of("ckpt", len(surrogates), "the runs have other time steps; choose alike")
    for other in surrogates[1:]:
        _check_alike(first, other)
    starts = starts_of(first, data, start)
    known = known_leads(first, data, starts)
    steps = max(known) if steps is None else steps
    if not 1 <= steps <= max(known):
        remedy = f"the truth is known for 1 to {max(known)} steps"
        raise InputError.of("steps", steps, remedy)
    scale = first.scale.double()
    generator = torch.Generator(scale.device).manual_seed(0)
    parts: dict[str, list[NDArray[Any]]] = defaultdict(list)
    with ExitStack() as stack:
        for surrogate in surrogates:
            stack.enter_context(evaluating(surrogate))
        members: list[Iterator[Forecasts]] = [
            forecasts(surrogate, one, starts, steps, batch_size, _perturb(perturbation, number))
            for surrogate, one in zip(surrogates, sets, strict=True)
            for number in range(each)
        ]
        for batches in zip(*members, strict=True):
            for name, values in _scores(batches, scale, generator).items():
                parts[name].append(values.cpu().numpy())
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    inside = None
    if data.inside is not None:
        inside = data.inside if len(data.inside) == 1 else data.inside[[s for s, _ in starts]]
    for name in ("truth", "prediction", "deviation"):
        joined[name] = blank(joined[name], inside).astype(np.float32)
    return _dataset(first, data, joined, len(members)).assign_attrs(start=start)


def _check_alike(first: Surrogate, other: Surrogate) -> None:
    """Raise InputError if two surrogates begin at other frames, or predict in other units."""
    one, two = first.card, other.card
    if one.history != two.history:
        text = f"the runs take {one.history} and {two.history} frames; choose runs of one history"
        raise InputError(f"ckpt: {text}", "ckpt", two.history)
    for a, b in zip(one.outputs, two.outputs, strict=True):
        if (a.name, a.unit) != (b.name, b.unit):
            text = f"the runs predict {a.name} in {a.unit} and {b.name} in {b.unit}; choose alike"
            raise InputError(f"ckpt: {text}", "ckpt", b.name)


def _perturb(perturbation: Members | None, member: int) -> Any:
    if perturbation is None:
        return None
    return lambda frames, starts: perturbation(frames, starts, member)


def _scores(
    batches: Sequence[Forecasts], scale: Tensor, generator: torch.Generator
) -> dict[str, Tensor]:
    """Return the scores of a batch of ensemble forecasts, ``(forecast, ...)``; NaN if not known."""
    x = torch.stack([batch.predicted for batch in batches])
    y, weights = batches[0].truth, batches[0].measure
    spread, error = spread_and_error(x, y, weights)
    bad = (~x.isfinite()).any(0).flatten(3).any(-1) | y.flatten(3).isnan().any(-1)
    scores = {
        "crps": fair_crps(x, y, weights),
        "mae": mean((x - y).abs().mean(0), weights),
        "member_square": mean((x - y).square().mean(0), weights),
        "spread_square": spread,
        "error_square": error,
        "rank": rank_frequencies(x, y, weights, generator),
        "energy": energy_score(x, y, weights, scale),
    }
    for name, values in scores.items():
        gone = bad.any(-1) if name == "energy" else bad
        gone = gone.view(*gone.shape, *[1] * (values.dim() - gone.dim()))
        scores[name] = values.masked_fill(gone, float("nan"))
    known = ~y.isnan().flatten(2).all(-1)
    fields = {"truth": y, "prediction": x.mean(0), "deviation": x.std(0, correction=1)}
    return scores | fields | {"known": known}


def _dataset(
    surrogate: Surrogate, data: FieldSet, joined: dict[str, NDArray[Any]], count: int
) -> xr.Dataset:
    known = joined["known"]

    def average(name: str) -> NDArray[Any]:
        """Return the mean over the samples with a truth; NaN if one of them has diverged."""
        values = joined[name]
        where = known.reshape(*known.shape, *[1] * (values.ndim - 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.mean(values, 0, where=where)

    found = {
        "crps": average("crps"),
        "mae": average("mae"),
        "member_rmse": np.sqrt(average("member_square")),
        "spread": np.sqrt(average("spread_square")),
        "rmse": np.sqrt(average("error_square")),
    }
    unit = common_unit(surrogate.card.outputs)
    made: dict[str, Any] = {
        name: (("step", "field"), values, {"long_name": LONG[name], **unit})
        for name, values in found.items()
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = found["spread"] / found["rmse"]
    made["spread_over_error"] = variable(["step", "field"], ratio, "spread over RMSE of the mean")
    made["energy_score"] = variable(["step"], average("energy"), "fair energy score")
    ranks = average("rank")
    made["rank_frequency"] = variable(["step", "field", "rank"], ranks, "frequency of the rank")
    levels, covered = (part.numpy() for part in interval_coverage(torch.from_numpy(ranks)))
    made["interval_coverage"] = variable(
        ["step", "field", "level"], covered, "share of the truth inside the central interval"
    )
    dims = ("sample", "step", "field")
    for name, square in (("spread", "spread_square"), ("rmse", "error_square")):
        made[f"{name}_samples"] = (dims, np.sqrt(joined[square]), {"long_name": name, **unit})
    for name in ("truth", "prediction", "deviation"):
        made[name] = ((*dims, *data.grid.names), joined[name], {"long_name": name, **unit})
    steps = known.shape[1]
    step, unit_of_step = step_of(surrogate, data)
    times = np.arange(1, steps + 1) * (1.0 if step is None else float(step))
    about = {"units": "1" if step is None else unit_of_step}
    coords = field_coordinate(surrogate.card.outputs) | coordinates(data)
    coords |= {
        "step": np.arange(1, steps + 1),
        "time": ("step", times, about),
        "rank": np.arange(count + 1),
        "level": levels,
    }
    return xr.Dataset(made, coords, {"members": count, "source": data.source})
