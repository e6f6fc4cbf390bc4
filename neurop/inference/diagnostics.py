"""Diagnostic fields of an evolution: predicted along with the state, and not fed back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    import xarray as xr

    from neurop.card import Card


def fed(card: Card, frames: Tensor) -> Tensor:
    """Return the channels of frames that go into the network, those of the state.

    Parameters
    ----------
    card
        Card of the surrogate.
    frames
        ``(batch, history * channels, *grid)``.
    """
    if not card.diagnostics:
        return frames
    width = len(card.inputs)
    state = [i for i, field in enumerate(card.inputs) if field.name not in card.diagnostics]
    return frames[:, [frame * width + i for frame in range(card.history) for i in state]]


def base(card: Card, last: Tensor) -> Tensor:
    """Return what increments are added to: the last frame, with zeros in the diagnostic fields."""
    if not card.diagnostics:
        return last
    kept = [float(field.name not in card.diagnostics) for field in card.inputs]
    factor = torch.tensor(kept, dtype=last.dtype, device=last.device)
    return last * factor.view(-1, *[1] * card.grid.dimensions)


def completed(card: Card, data: xr.Dataset) -> xr.Dataset:
    """Return labelled data with zeros as the diagnostic fields that they lack, which no step reads.

    Parameters
    ----------
    card
        Card of the surrogate.
    data
        Dataset with the fields of the state.
    """
    names = [field.name for field in card.inputs if field.name not in card.diagnostics]
    if not card.diagnostics or names[0] not in data:
        return data
    missing = [f for f in card.inputs if f.name in card.diagnostics and f.name not in data]
    zeros = 0 * data[names[0]].fillna(0)
    return data.assign({f.name: zeros.assign_attrs(units=f.unit) for f in missing})
