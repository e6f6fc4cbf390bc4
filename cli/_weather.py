"""Weather scores in the results of ``eval`` and ``rollout``, for forecasts on the sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from neurop.evaluation.climatology import Climatology
from neurop.evaluation.weather import WORDS, weather, weather_of_rollout
from neurop.fields.fieldset import FieldSet
from neurop.fields.same_units import in_units
from neurop.geometry.sphere import Sphere

from ._console import table
from ._evaluation import Task, finite_or_none, values_by_field


def forecasts(
    task: Task, test: FieldSet, leads: Sequence[int], batch_size: int
) -> xr.Dataset | None:
    """Return the scores of forecasts from every start; None unless they are on a sphere."""
    if not isinstance(test.grid, Sphere) or not task.surrogate.card.is_state:
        return None
    return weather(task.surrogate, test, task.source.splits()["train"], leads, batch_size)


def of_rollout(task: Task, test: FieldSet, result: xr.Dataset, first: int) -> xr.Dataset | None:
    """Return the scores of the steps of a rollout; None unless they are on a sphere."""
    if not isinstance(test.grid, Sphere):
        return None
    known = task.surrogate.card
    train, truth = (
        in_units(one, known.inputs, known.outputs) for one in (task.source.splits()["train"], test)
    )
    return weather_of_rollout(result, truth, Climatology(train), first + known.history)


def record(found: xr.Dataset) -> dict[str, Any]:
    """Return the entries of the JSON file: values by field, a list over lead times or steps."""
    along = "lead" if "lead" in found.dims else "step"
    rows = [
        {along: int(one[along])} | {name: values_by_field(one[name]) for name in WORDS}
        for one in (found.isel({along: i}) for i in range(found.sizes[along]))
    ]
    return {"weather": {**found.attrs, "scores": rows}}


def variables(found: xr.Dataset) -> xr.Dataset:
    """Return the scores under names that the other results do not have."""
    made = found.rename({str(name): f"weather_{name}" for name in found.data_vars})
    made.attrs = {}
    return made


def show(found: xr.Dataset) -> None:
    """Print the scores of each lead time and field."""
    along = "lead" if "lead" in found.dims else "step"
    rows: list[list[object]] = [
        [int(one[along]), str(one.field.item()), *(finite_or_none(one[name]) for name in WORDS)]
        for i in range(found.sizes[along])
        for one in (found.isel({along: i, "field": f}) for f in range(found.sizes["field"]))
    ]
    title = f"weather scores by area; climatology {found.attrs['climatology']}"
    table(title, [along, "field", *(name.replace("_", " ") for name in WORDS)], rows)
