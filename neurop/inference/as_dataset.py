"""What a prediction may be asked of: datasets, arrays with labels, and plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import xarray as xr

from neurop.errors import InputError

if TYPE_CHECKING:
    from neurop.card import Card

Labelled: TypeAlias = xr.Dataset | xr.DataArray | np.ndarray[Any, Any]
"""Data of a prediction, see :func:`as_dataset`."""


def as_dataset(card: Card, data: Any) -> xr.Dataset:
    """Return data as a dataset with one variable per input field.

    Parameters
    ----------
    card
        Card of the surrogate.
    data
        An ``xarray.Dataset``; of a surrogate of one field an ``xarray.DataArray`` without a name or
        with that of the field; a NumPy array ``(sample, time, channel, *grid)``, or, of a surrogate
        of one field and one frame, ``(*grid)``. Arrays without labels are on the grid of the
        training, in its units.

    Raises
    ------
    InputError
        If it is anything else, or its shape has several meanings.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> waves = FieldSet(np.random.randn(2, 3, 1, 8), (Field("u"),), Grid.periodic(1))
    >>> card = Surrogate.of(waves, "fno").card
    >>> as_dataset(card, np.zeros(8)).u.dims, as_dataset(card, np.zeros((2, 3, 1, 8))).u.dims
    (('x',), ('sample', 'time', 'x'))
    """
    if isinstance(data, xr.Dataset):
        return data
    names = [field.name for field in card.inputs if not field.diagnostic]
    listed, kind = ", ".join(names), type(data).__name__
    if isinstance(data, xr.DataArray):
        if len(names) == 1 and data.name in (None, names[0]):
            return data.to_dataset(name=names[0])
        remedy = f"give an xarray.Dataset with the variables {listed}"
        if len(names) == 1:
            remedy = f"'{data.name}' is not the input {listed}; rename it: data.rename('{listed}')"
        raise InputError.of("data", kind, remedy)
    if isinstance(data, np.ndarray):
        return _from_array(card, data, names)
    remedy = f"give an xarray.Dataset with the variables {listed}"
    if kind == "Tensor":
        remedy += ", or call the surrogate, which takes and returns tensors"
    raise InputError.of("data", kind, remedy)


def _from_array(card: Card, data: np.ndarray[Any, Any], names: list[str]) -> xr.Dataset:
    axes = card.grid.names
    if data.ndim == len(axes) and len(names) == 1 and card.history == 1:
        return xr.Dataset({names[0]: (axes, data)})
    if data.ndim == 3 + len(axes) and data.shape[2] == len(names):
        dims = ("sample", "time", *axes)
        return xr.Dataset({name: (dims, data[:, :, i]) for i, name in enumerate(names)})
    need = f"(sample, time, {len(names)}, {', '.join(axes)})"
    shape = f"its shape {data.shape} has no clear meaning; give {need}, channels"
    remedy = f"{shape} {', '.join(names)}, or an xarray.Dataset with these variables"
    raise InputError.of("data", type(data).__name__, remedy)
