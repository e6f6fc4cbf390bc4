"""Common parts of the evaluations: compatibility of data, batches, coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.leads import step_of, with_lead
from neurop.fields.computed.computed import recomputed, up_to
from neurop.fields.condition import channels_at
from neurop.fields.condition_range import check_conditions
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import in_seconds
from neurop.fields.units import same_unit

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def check_compatible(surrogate: Surrogate, data: FieldSet) -> FieldSet:
    """Return the data with the conditions that the surrogate takes, in its order.

    Raises
    ------
    InputError
        Unless fields, conditions, grid and time step are those of the surrogate.
    """
    data = with_lead(surrogate, data)
    where = data.label
    if surrogate.card.is_state == data.has_targets:
        kinds = ("an evolution in time", "a map from inputs to targets")
        raise InputError(
            f"the surrogate is {kinds[not surrogate.card.is_state]}, but {where} holds "
            f"{kinds[data.has_targets]}; choose data of the same kind",
            "data",
            where,
        )
    for what, expected, found in (
        ("takes", surrogate.card.inputs, data.fields),
        ("predicts", surrogate.card.outputs, data.outputs),
    ):
        if [f.name for f in expected] != [f.name for f in found]:
            raise InputError(
                f"the surrogate {what} {_names(expected)}, but {where} holds {_names(found)}; "
                "choose data with those fields",
                "fields",
                [f.name for f in found],
            )
        for mine, theirs in zip(expected, found, strict=True):
            if not same_unit(mine.unit, theirs.unit):
                remedy = f"in '{theirs.unit}'; convert the data"
                if not theirs.unit:
                    remedy = f"of unknown unit; give it, units={{{mine.name}: ...}}"
                raise InputError(
                    f"field '{mine.name}': the surrogate works in '{mine.unit or 1}', {where} "
                    f"is {remedy}",
                    "unit",
                    theirs.unit,
                )
    mine_axes, their_axes = (
        [(a.name, a.boundary, a.layout) for a in g.axes] for g in (surrogate.card.grid, data.grid)
    )
    if mine_axes != their_axes or type(surrogate.card.grid) is not type(data.grid):
        raise InputError(
            f"the surrogate is on a {_axes(surrogate.card.grid)} grid, {where} on "
            f"{_axes(data.grid)}; choose data on that kind of grid",
            "grid",
            _axes(data.grid),
        )
    for axis, other in zip(surrogate.card.grid.axes, data.grid.axes, strict=True):
        if not np.allclose(
            (axis.start, axis.length),
            (other.start, other.length),
            rtol=0,
            atol=1e-3 * abs(axis.length),
        ):
            raise InputError(
                f"axis {axis.name}: the surrogate's runs from {axis.start:g} to "
                f"{axis.start + axis.length:g}, that of {where} from "
                f"{other.start:g} to {other.start + other.length:g}; turn or cut the data",
                "axis",
                other.name,
            )
    expected_step, unit_of_step = step_of(surrogate, data)
    if expected_step is not None and data.step is not None:
        (step, unit), (apart, other_unit) = (
            in_seconds(expected_step, unit_of_step),
            in_seconds(data.step, data.time_unit),
        )
        if unit == other_unit and not np.isclose(step, apart, rtol=1e-3):
            raise InputError(
                f"the surrogate makes steps of {step:g} {unit}, the frames of {where} are "
                f"{apart:g} {other_unit} apart; "
                "choose data with that step",
                "step",
                apart,
            )
    frames = data.values.shape[1]
    if not data.has_targets and frames <= surrogate.card.history:
        raise InputError(
            f"{where} has {frames} frames; a surrogate with history {surrogate.card.history} needs "
            f"at least {surrogate.card.history + 1}",
            "frames",
            frames,
        )
    if len(data) == 0:
        raise InputError(f"{where} holds no samples; nothing to evaluate", "samples", 0)
    known, dimensions = surrogate.card.conditions, data.grid.dimensions
    computed = recomputed((c.computed for c in known), data.times, data.grid, data.shape, where)
    given = (*data.conditions, *computed)
    conditions = check_conditions(known, given, where, dimensions, data.attributes)
    return replace(data, conditions=conditions)


def given_at(
    surrogate: Surrogate,
    data: FieldSet,
    starts: Sequence[tuple[int, int]],
    steps: int = 1,
    pad: bool = False,
) -> Tensor | None:
    """Return the conditions of forecasts, ``(start, steps, channel, *grid)``; None without any.

    Parameters
    ----------
    surrogate, data
        Surrogate, and the data from :func:`check_compatible`.
    starts
        Sample and last input frame of each forecast.
    steps
        Steps of each.
    pad
        Repeat the last known conditions for steps beyond the data, whose forecasts have no truth.
    """
    if not data.conditions:
        return None
    rows = []
    end = max(last for _, last in starts) + steps + 1
    conditions = data.conditions if pad else up_to(data, end)
    for sample, last in starts:
        known = min(steps, data.values.shape[1] - 1 - last) if pad else steps
        row = channels_at(conditions, sample, last, known, data.shape)
        rows.append(np.pad(row, [(0, steps - known), *[(0, 0)] * (row.ndim - 1)], mode="edge"))
    return to_model_dtype(surrogate, np.stack(rows))


def to_model_dtype(surrogate: Surrogate, values: NDArray[Any]) -> Tensor:
    """Return `values` as a tensor of the surrogate's device and precision."""
    like = next(surrogate.parameters(), None)
    tensor = torch.from_numpy(np.array(values))
    return tensor if like is None else tensor.to(like)


def to_float64(surrogate: Surrogate, values: NDArray[Any]) -> Tensor:
    """Return `values` as a float64 tensor on the surrogate's device, for exact error norms."""
    like = next(surrogate.parameters(), torch.zeros(()))
    return torch.from_numpy(np.array(values)).to(like.device, torch.float64)


def iterate_pairs(
    surrogate: Surrogate, data: FieldSet, batch_size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """Yield input, truth and conditions of samples, or windows of an evolution, in batches.

    Inputs are ``(batch, history * channel, *grid)``, truths and conditions ``(batch, channel,
    *grid)``.

    Raises
    ------
    InputError
        If `batch_size` is below 1.
    """
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    if data.targets is not None:
        for first in range(0, len(data), batch_size):
            batch = slice(first, min(first + batch_size, len(data)))
            given = given_at(surrogate, data, [(i, 0) for i in range(batch.start, batch.stop)])
            yield (
                to_model_dtype(surrogate, data.values[batch, 0]),
                to_float64(surrogate, data.targets[batch, 0]),
                None if given is None else given[:, 0],
            )
        return
    past = surrogate.card.history
    windows = [
        (sample, frame)
        for sample in range(len(data))
        for frame in range(data.length(sample) - past)
    ]
    for first in range(0, len(windows), batch_size):
        chosen = windows[first : first + batch_size]
        x = np.stack([data.values[sample, frame : frame + past] for sample, frame in chosen])
        y = np.stack([data.values[sample, frame + past] for sample, frame in chosen])
        given = given_at(surrogate, data, [(sample, frame + past - 1) for sample, frame in chosen])
        yield (
            to_model_dtype(surrogate, x.reshape(len(x), -1, *data.shape)),
            to_float64(surrogate, y),
            None if given is None else given[:, 0],
        )


def coordinates(data: FieldSet, suffix: str = "") -> dict[str, Any]:
    """Return the grid's coordinates for an xarray.Dataset; `suffix` is appended to their names."""
    return {
        f"{axis.name}{suffix}": (
            f"{axis.name}{suffix}",
            axis.coordinates(n),
            {"units": axis.unit, **_standard_name(axis.name)},
        )
        for axis, n in zip(data.grid.axes, data.shape, strict=True)
    }


def field_coordinate(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the coordinate ``field``, and along it the units."""
    return {"field": [f.name for f in fields], "unit": ("field", [f.unit for f in fields])}


def variable(dims: Sequence[str], values: object, long_name: str, units: str = "1") -> xr.Variable:
    """Return a variable with the CF attributes ``long_name`` and ``units``."""
    return xr.Variable(tuple(dims), np.asarray(values), {"long_name": long_name, "units": units})


def common_unit(fields: Sequence[Field]) -> dict[str, str]:
    """Return the units attribute of an array with a field axis; empty if the units differ."""
    known = [f.units for f in fields]
    return known[0] if all(one == known[0] for one in known) else {}


def _standard_name(name: str) -> dict[str, str]:
    return {"standard_name": name} if name in ("latitude", "longitude") else {}


def _names(fields: Sequence[Field]) -> str:
    return ", ".join(f.name for f in fields)


def _axes(grid: Any) -> str:
    return f"{grid.geometry} " + " x ".join(
        f"{a.name} ({a.boundary}, {a.layout})" for a in grid.axes
    )
