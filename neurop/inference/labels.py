"""Names, units and times of predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.fields.clock import Clock
from neurop.inference.where import Where

if TYPE_CHECKING:
    from neurop.card import Card

LEAD = {"long_name": "time since the last given frame", "standard_name": "forecast_period"}
STANDARD = {
    "latitude": {"standard_name": "latitude", "units": "degrees_north"},
    "longitude": {"standard_name": "longitude", "units": "degrees_east"},
}
"""CF attributes of the axes of the globe."""


def labelled(
    card: Card, values: NDArray[Any], clock: Clock | None, first: int, where: Where
) -> xr.Dataset:
    """Return predictions as a dataset with one variable per field.

    Parameters
    ----------
    card
        Card of the surrogate.
    values
        ``(sample, steps, channel, *space)``.
    clock
        Times of the steps; None for steps without times.
    first
        Number of steps before the first one.
    where
        Grid or points of the predictions.

    Returns
    -------
    xarray.Dataset
        Variables ``(sample, time, *space)``, of a map ``(sample, *space)``, with ``units`` and
        ``long_name``, coordinates of the space, ``time`` and ``lead``, the time since the last
        given frame.
    """
    grid = card.grid
    coords: dict[str, Any] = where.coordinates(grid)
    for name, about in STANDARD.items():
        if grid.geometry == "sphere" and name in coords:
            dims, points, attrs = coords[name]
            coords[name] = (dims, points, about | attrs)
    dims = ("sample", *(("time",) if card.is_state else ()), *where.dims(grid))
    if clock is not None:
        coords |= times(clock, first, values.shape[1])
    parts, axis = (values, 2) if card.is_state else (values[:, 0], 1)
    variables = {
        field.name: (
            dims,
            np.take(parts, i, axis=axis),
            {"units": field.unit, "long_name": field.long_name or field.name},
        )
        for i, field in enumerate(card.outputs)
    }
    return xr.Dataset(variables, coords)


def times(clock: Clock, first: int, count: int) -> dict[str, Any]:
    """Return the coordinates ``time`` and ``lead`` of some steps, the first counted from 0."""
    made = clock.times(first + 1, count)
    leads, unit = clock.leads(first + 1, count)
    about: dict[str, str] = {}
    if made.values.dtype.kind in "iuf":
        about = {"units": made.unit, "long_name": "time"}
    if made.values.dtype.kind == "M":
        about = {"standard_name": "time"}
    return {"time": ("time", made.values, about), "lead": ("time", leads, LEAD | {"units": unit})}
