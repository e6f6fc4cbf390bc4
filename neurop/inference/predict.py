"""Predictions from labelled fields, as labelled fields."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.labelled import from_xarray, later, squeezed
from neurop.inference.evaluating import evaluating

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def predict(surrogate: Surrogate, data: xr.Dataset, steps: int, batch_size: int = 16) -> xr.Dataset:
    """Return the next `steps` states of a labelled dataset, or the mapped fields.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    data
        Dataset with one variable per input field; see :meth:`neurop.Surrogate.predict`.
    steps
        Number of steps of an evolution; 1 for a map.
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
    given = from_xarray(data, card.inputs, card.grid)
    history = card.history
    if given.values.shape[1] < history:
        raise InputError(
            f"{given.values.shape[1]} frames are given; the surrogate needs {history}",
            "frames",
            given.values.shape[1],
        )
    times = later(given, card.sampling.step, card.sampling.unit, steps, history)
    like = next(surrogate.parameters())
    frames = torch.as_tensor(np.asarray(given.values[:, -history:])).to(like)
    with evaluating(surrogate):
        made = [
            torch.stack(list(islice(surrogate.steps(part), steps)), dim=1).cpu()
            for part in frames.split(batch_size)
        ]
    made_set = FieldSet(
        torch.cat(made).numpy(),
        card.outputs,
        card.grid,
        times=times,
        source=f"neurop {surrogate.name}",
    )
    return squeezed(made_set.to_xarray(), data, keep_time=steps > 1)
