"""What the constructors and the calls of the models check alike."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid


def grid_and_modes(domain: Grid | None, modes: int | Sequence[int]) -> tuple[Grid, tuple[int, ...]]:
    """Return the grid, a periodic box by default, and one number of modes per axis.

    Examples
    --------
    >>> grid_and_modes(Grid.periodic(2), 4)[1]
    (4, 4)
    """
    if domain is None:
        domain = Grid.periodic(1 if isinstance(modes, int) else len(modes))
    return domain, (modes,) * domain.dimensions if isinstance(modes, int) else tuple(modes)


def at_least_one(**sizes: float) -> None:
    """Raise InputError naming the first size below 1."""
    for name, value in sizes.items():
        if value < 1:
            raise InputError(f"{name}={value}; at least 1 is needed")


def check_input(x: Tensor, channels: int, axes: int) -> None:
    """Raise InputError unless `x` is ``(batch, channels, *grid)`` with so many axes."""
    if x.dim() != 2 + axes or x.shape[1] != channels:
        raise InputError(
            f"input has shape {tuple(x.shape)}; need (batch, {channels}, and {axes} grid axes)"
        )
