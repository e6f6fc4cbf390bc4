"""What can be known to be wrong before the first batch."""

from __future__ import annotations

from neurop.errors import InputError
from neurop.surrogate import Surrogate


def check_modes(surrogate: Surrogate) -> None:
    """Raise InputError if the network has more modes than the training grid resolves: their weights would never be used."""
    modes, resolved = getattr(surrogate.net, "modes", None), getattr(surrogate.net, "resolved", None)
    if modes is None or resolved is None:
        return
    for axis, n, m, most in zip(surrogate.grid.axes, surrogate.train_shape, modes, resolved(surrogate.train_shape), strict=True):
        if m > most:
            raise InputError(
                f"model.modes={list(modes)}: the {n} points of axis {axis.name} resolve {most} modes, not {m}; use {most} or fewer"
            )
