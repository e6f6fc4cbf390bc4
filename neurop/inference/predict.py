"""Predictions from labelled fields, as labelled fields."""

from __future__ import annotations

from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.labelled import from_xarray, later, squeezed
from neurop.fields.mask import blank, fill_outside
from neurop.inference.conditions import conditions_of, given_channels, lead_time_of
from neurop.inference.diagnostics import completed
from neurop.inference.evaluating import evaluating

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def rollout(
    surrogate: Surrogate, data: xr.Dataset, steps: int, forcing: xr.Dataset | None = None
) -> xr.Dataset:
    """Return the next `steps` states of a labelled dataset; see :func:`predict`.

    Raises
    ------
    InputError
        As :func:`predict`; and if the surrogate is a map, or `steps` is below 1.
    """
    if not surrogate.card.is_state:
        raise InputError.of("problem", "map", "it has no time to roll out; use predict")
    if steps < 1:
        raise InputError.of("steps", steps, "give at least 1")
    return predict(surrogate, data, steps, forcing)


def predict(
    surrogate: Surrogate,
    data: xr.Dataset,
    steps: int,
    forcing: xr.Dataset | None = None,
    batch_size: int = 16,
) -> xr.Dataset:
    """Return the next `steps` states of a labelled dataset, or the mapped fields.

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
        If `data` is not a dataset, has too few frames, or does not have the fields, axes, units and
        times of the surrogate.
    """
    card = surrogate.card
    if not isinstance(data, xr.Dataset):
        names = ", ".join(field.name for field in card.inputs)
        raise InputError.of(
            "data", type(data).__name__, f"give an xarray.Dataset with the variables {names}"
        )
    if batch_size < 1:
        raise InputError.of("batch_size", batch_size, "give at least 1")
    given = from_xarray(completed(card, data), card.inputs, card.grid)
    history = card.history
    if given.values.shape[1] < history:
        raise InputError(
            f"{given.values.shape[1]} frames are given; the surrogate needs {history}",
            "frames",
            given.values.shape[1],
        )
    step = lead_time_of(card, data)
    times = later(given, step, card.sampling.unit, steps, history)
    known = conditions_of(card, data, forcing, times, given.frames(slice(-history, None)))
    mask = tuple(one for one in known if one.role == "mask")
    given = fill_outside(replace(given.frames(slice(-history, None)), conditions=mask))
    like = next(surrogate.parameters())
    frames = torch.as_tensor(np.asarray(given.check_finite().values)).to(like)
    channels = given_channels(known, len(frames), steps, given.shape, like)
    parts = zip(
        frames.split(batch_size),
        repeat(None) if channels is None else channels.split(batch_size),
        strict=False,
    )
    with evaluating(surrogate):
        made = [surrogate.trajectory(part, steps, each).cpu() for part, each in parts]
    made_set = FieldSet(
        blank(torch.cat(made).numpy(), given.inside),
        card.outputs,
        card.grid,
        times=times,
        source=f"neurop {surrogate.name}",
    )
    return squeezed(made_set.to_xarray(), data, keep_time=steps > 1)
