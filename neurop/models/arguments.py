"""Common checks of the models' arguments and inputs."""

from __future__ import annotations

from collections.abc import Sequence

from neurop.geometry.grid import Grid
from neurop.spectral import at_least_one as at_least_one
from neurop.spectral import check_input as check_input


def grid_and_modes(domain: Grid | None, modes: int | Sequence[int]) -> tuple[Grid, tuple[int, ...]]:
    """Return the grid (a periodic box by default) and the number of modes per axis.

    Examples
    --------
    >>> grid_and_modes(Grid.periodic(2), 4)[1]
    (4, 4)
    """
    if domain is None:
        domain = Grid.periodic(1 if isinstance(modes, int) else len(modes))
    return domain, (modes,) * domain.dimensions if isinstance(modes, int) else tuple(modes)
