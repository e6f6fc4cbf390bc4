"""Predictions from labelled fields, as labelled fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neurop.errors import InputError
from neurop.fields.labelled import squeezed
from neurop.fields.spelling import Spelling
from neurop.inference.as_dataset import as_dataset
from neurop.inference.forecast import forecast
from neurop.inference.labels import times
from neurop.inference.start import Start, start_of

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def rollout(
    surrogate: Surrogate, data: Any, steps: int, forcing: xr.Dataset | None = None
) -> xr.Dataset:
    """Return the next `steps` states of labelled data; see :func:`predict`.

    Raises
    ------
    InputError
        As :func:`predict`; and if the surrogate is a map, or `steps` is below 1.
    """
    check_evolution(surrogate, steps)
    return predict(surrogate, data, steps, forcing)


def predict(
    surrogate: Surrogate,
    data: Any,
    steps: int,
    forcing: xr.Dataset | None = None,
    batch_size: int = 16,
) -> xr.Dataset:
    """Return the next `steps` states of labelled data, or the mapped fields.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    data
        Dataset with one variable per input field; see :meth:`neurop.Surrogate.predict`.
    steps
        Number of steps of an evolution; 1 for a map.
    forcing
        Dataset with the forcings; see :func:`neurop.inference.conditions.conditions_of`.
    batch_size
        Samples per call of the surrogate, which bounds the memory.

    Raises
    ------
    InputError
        If `data` cannot be used (:func:`neurop.inference.as_dataset.as_dataset`), has too few
        frames, or does not have the fields, axes, units and times of the surrogate.
    """
    given, spelling, start = started(surrogate, data, forcing, steps)
    made: xr.Dataset | None = None
    for block in forecast(surrogate, start, steps, batch_size=batch_size):
        made = _room(block.data, start, steps) if made is None else made
        for name, part in block.data.data_vars.items():
            where = (block.samples, block.steps) if "time" in part.dims else (block.samples,)
            made[name].values[where] = part.values
    assert made is not None
    return _finished(surrogate, made, given, spelling, keep_time=steps > 1)


def states(
    surrogate: Surrogate, data: Any, forcing: xr.Dataset | None = None
) -> Iterator[xr.Dataset]:
    """Return an iterator over the states of a rollout, each a labelled dataset.

    It has no end, or that of the forcings; of a map it has one state.
    """
    given, spelling, start = started(surrogate, data, forcing, 1)
    steps = None if surrogate.card.is_state else 1
    blocks = forecast(surrogate, start, steps, together=1)
    return (_finished(surrogate, block.data, given, spelling, keep_time=False) for block in blocks)


def check_evolution(surrogate: Surrogate, steps: int) -> None:
    """Raise InputError for a map, or a number of steps below 1."""
    if not surrogate.card.is_state:
        raise InputError.of("problem", "map", "it has no time to roll out; use predict")
    if steps < 1:
        raise InputError.of("steps", steps, "give at least 1")


def started(
    surrogate: Surrogate, data: Any, forcing: xr.Dataset | None, steps: int
) -> tuple[xr.Dataset, Spelling, Start]:
    """Return data in the names of the surrogate, their own spelling, and the start."""
    card = surrogate.card
    data = as_dataset(card, data)
    spelling = Spelling.of(data, card.grid)
    given = spelling.standard(data, card.grid)
    if forcing is not None:
        forcing = Spelling.of(forcing, card.grid).standard(forcing, card.grid)
    return given, spelling, start_of(surrogate, given, forcing, steps)


def _room(first: xr.Dataset, start: Start, steps: int) -> xr.Dataset:
    """Return a dataset like a block, for all samples and steps."""
    sizes = {"sample": len(start), "time": steps}
    room = {
        name: (
            v.dims,
            np.empty([sizes.get(str(d), n) for d, n in v.sizes.items()], v.dtype),
            v.attrs,
        )
        for name, v in first.data_vars.items()
    }
    line = {} if start.clock is None else times(start.clock, 0, steps)
    return xr.Dataset(room, {**first.drop_vars(["time", "lead"], errors="ignore").coords, **line})


def _finished(
    surrogate: Surrogate, made: xr.Dataset, given: xr.Dataset, spelling: Spelling, keep_time: bool
) -> xr.Dataset:
    """Return predictions in the spelling of the data, without the dimensions that these lack."""
    made = made.assign_attrs(Conventions="CF-1.11", source=f"neurop {surrogate.name}")
    for name in made.data_vars:
        if name in given and "standard_name" in given[name].attrs:
            made[name].attrs["standard_name"] = given[name].attrs["standard_name"]
    if "time" in made.coords and "time" in given.coords and made.time.dtype.kind in "iuf":
        made["time"].attrs.update(given["time"].attrs)
    return spelling.restored(squeezed(made, given, keep_time=keep_time))
