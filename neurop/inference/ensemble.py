"""Ensembles of forecasts of a probabilistic surrogate, whose members differ in their noise."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.noise_input import NoiseInput
from neurop.geometry.grid import Grid
from neurop.inference.evaluating import evaluating

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class NoiseStream:
    """Noise for one call after another, whose rows are independent.

    A row continues its path as long as the calls have the same number of rows and points, as the
    steps of a rollout have.

    Parameters
    ----------
    noise, grid
        Kind of the noise, and the grid of the fields.
    seed
        Seed, 0 or more; one or several numbers.
    """

    def __init__(self, noise: NoiseInput, grid: Grid, seed: Sequence[int]) -> None:
        self.noise, self.grid, self.seed = noise, grid, tuple(seed)
        self.paths: Iterator[Tensor] = iter(())
        self.like: tuple[Any, ...] = ()
        self.starts = 0

    def __call__(self, x: Tensor) -> Tensor:
        """Return noise for the rows of fields `x`, ``(batch, noise channels, *grid)``."""
        like = (len(x), x.shape[2:], x.dtype, x.device)
        if like != self.like:
            seed = (*self.seed, self.starts)
            self.paths = self.noise.paths(self.grid, x.shape[2:], len(x), seed, x)
            self.like, self.starts = like, self.starts + 1
        return next(self.paths)


def member(surrogate: Surrogate, seed: int | Sequence[int] = 0) -> Surrogate:
    """Return one member of the ensemble of a probabilistic surrogate.

    It is the surrogate itself, with the same weights, but each call draws noise, another for every
    row and step. So every function that takes a surrogate takes a member. A new member of the same
    seed repeats its forecasts; one member draws on from call to call.

    Parameters
    ----------
    surrogate
        Surrogate that was trained with noise, for example by the objective ``crps``.
    seed
        Seed of the noise, 0 or more.

    Raises
    ------
    InputError
        If the surrogate is deterministic, or the seed is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", noise=NoiseInput(modes=8))
    >>> one, two = (member(surrogate, seed).rollout(data.initial(), steps=2) for seed in (0, 1))
    >>> bool((one.u != two.u).any()), one.equals(member(surrogate, 0).rollout(data.initial(), 2))
    (True, True)
    """
    seeds = [seed] if isinstance(seed, int) else list(seed)
    if min(seeds) < 0:
        raise InputError.of("seed", seed, "give 0 or more")
    if surrogate.noise is None:
        raise InputError.of(
            "noise", None, "the surrogate is deterministic; train one with objective=crps"
        )
    made = copy.copy(surrogate)
    made.draw = NoiseStream(surrogate.noise, surrogate.card.grid, seeds)
    return made


def sample(
    surrogate: Surrogate,
    data: Any,
    members: int,
    steps: int = 1,
    given: Any = None,
    seed: int = 0,
) -> Any:
    """Return an ensemble of forecasts.

    Parameters
    ----------
    surrogate
        Surrogate that was trained with noise, for example by the objective ``crps``.
    data
        Initial frames ``(batch, history, channels, *grid)``, or a labelled dataset as for
        :meth:`neurop.Surrogate.predict`.
    members
        Number of members, which does not change the first ones.
    steps
        Number of steps; 1 for a map.
    given
        Conditions of each step, ``(batch, steps, given channels, *grid)``; of a labelled dataset
        its forcings.
    seed
        Seed of the noise, 0 or more.

    Returns
    -------
    Tensor or xarray.Dataset
        ``(member, batch, steps, channels, *grid)``, or a dataset with the dimension ``member``.

    Raises
    ------
    InputError
        If the surrogate is deterministic, a number is out of range, or as
        :meth:`neurop.Surrogate.rollout`.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", noise=NoiseInput(modes=8))
    >>> dict(sample(surrogate, data.initial(), members=5, steps=2).u.sizes)
    {'member': 5, 'sample': 2, 'time': 2, 'x': 16}
    """
    for name, number in (("members", members), ("steps", steps)):
        if number < 1:
            raise InputError.of(name, number, "give at least 1")
    several = [member(surrogate, (seed, number)) for number in range(members)]
    if isinstance(data, Tensor):
        with evaluating(surrogate):
            return torch.stack([one.trajectory(data, steps, given) for one in several])
    import xarray as xr

    made = [
        one.rollout(data, steps, given) if surrogate.card.is_state else one.predict(data, given)
        for one in several
    ]
    return xr.concat(made, "member", join="exact", combine_attrs="override")
