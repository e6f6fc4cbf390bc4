"""Check of the tensors that go into a surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop.errors import InputError

if TYPE_CHECKING:
    from neurop.card import Card


def check_input(card: Card, x: Tensor, given: Tensor | None, dtype: torch.dtype) -> None:
    """Raise InputError unless frames and conditions are those that a surrogate takes.

    Parameters
    ----------
    card
        Card of the surrogate.
    x
        Frames, ``(batch, history * channels, *grid)``.
    given
        Conditions of the step, ``(batch, given channels, *grid)``; None for a surrogate without.
    dtype
        Precision of the weights.
    """
    axes = ", ".join(card.grid.names)
    channels = card.history * len(card.inputs)
    if x.dim() != 2 + card.grid.dimensions or x.shape[1] != channels:
        raise InputError(
            f"input has shape {tuple(x.shape)}; need (batch, {channels}, {axes}): "
            f"{card.history} frames of {', '.join(f.name for f in card.inputs)}",
            "x",
            tuple(x.shape),
        )
    if x.dtype != dtype:
        remedy = f"the surrogate is of {dtype}; convert one of them: x.to(...) or "
        raise InputError.of("x", x.dtype, remedy + "surrogate.double()")
    names = ", ".join(name for known in card.conditions for name in known.channels)
    if given is None and names:
        raise InputError.of("given", None, f"the surrogate needs {names}; give one channel of each")
    expected = (len(x), card.given_channels, *x.shape[2:])
    if given is not None and tuple(given.shape) != expected:
        need = f"need {expected}, the channels {names}" if names else "the surrogate takes none"
        raise InputError.of("given", tuple(given.shape), need)
