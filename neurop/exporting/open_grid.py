"""Which grids one exported graph takes: all above a least size, or one."""

from __future__ import annotations

from neurop.constraints.band_limit import BandLimit
from neurop.geometry.sphere import Sphere
from neurop.surrogate import Surrogate

_MOST = 4096
"""Largest least number of points that is looked for."""


def fixed_because(surrogate: Surrogate) -> str:
    """Return why an exported graph has one grid; empty if it can take any above a least size.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> fixed_because(Surrogate.of(data, "fno"))
    'its 16 modes of x need 31 points, the training grid has 16'
    """
    card, net = surrogate.card, surrogate.net
    if not net.resolution_invariant:
        return f"{surrogate.name} is not resolution-invariant: another grid is another operator"
    if net.one_grid:
        return f"{surrogate.name} has {net.one_grid}"
    if any(axis.layout == "gauss" for axis in card.grid.axes):
        return "Legendre-Gauss latitudes are roots of polynomials, found for each number of points"
    if any(norm.mean[0].numel() > 1 for norm in (surrogate.input_norm, surrogate.output_norm)):
        return "the normaliser has a mean for each point of the training grid"
    whole = isinstance(card.grid, Sphere) and card.grid.is_whole
    if whole and any(isinstance(one, BandLimit) for one in card.constraints):
        return "its band limit has spherical harmonics, which are computed for each grid"
    for axis, need, have in zip(card.grid.axes, least_shape(surrogate), card.shape, strict=True):
        if need > have:
            count = (net.modes or (0,) * card.grid.dimensions)[card.grid.names.index(axis.name)]
            what = f"its {count} modes of {axis.name} need {need} points"
            return f"{what}, the training grid has {have}"
    return ""


def least_shape(surrogate: Surrogate) -> tuple[int, ...]:
    """Return the least number of points per axis that resolves all modes of the network.

    A graph has all modes; on coarser grids neurop leaves some out. A band limit needs the points of
    its band.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid, models
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> least_shape(Surrogate.of(data, models.FNO.spec(modes=6)))
    (11,)
    """
    net, dimensions = surrogate.net, surrogate.card.grid.dimensions
    bands = [one.band for one in surrogate.card.constraints if isinstance(one, BandLimit)]
    least = []
    for axis in range(dimensions):
        n = max([2, *(band[axis] for band in bands)])
        while net.modes and n < _MOST:
            resolved = net.resolved((n,) * dimensions)
            if resolved is None or resolved[axis] >= net.modes[axis]:
                break
            n += 1
        least.append(n)
    return tuple(least)
