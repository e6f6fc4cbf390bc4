"""Drift of invariants along a rollout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.physics.invariants import INVARIANTS
from neurop.physics.sphere_invariants import FIELDS, SPHERE_INVARIANTS


def drifts(
    names: Sequence[str],
    initial: NDArray[Any],
    trajectory: NDArray[Any],
    fields: Sequence[Field],
    grid: Grid,
) -> dict[str, NDArray[np.float64]]:
    r"""Return the relative change of each invariant since the start, ``(sample, step)``.

    .. math:: (I(t) - I(0)) / |I(0)|

    The change of the mean, which may vanish, is relative to the root mean square of the initial
    field.

    Parameters
    ----------
    names
        Keys of :data:`neurop.physics.invariants.INVARIANTS`, or on a sphere of
        :data:`neurop.physics.sphere_invariants.SPHERE_INVARIANTS`.
    initial
        Initial fields ``(sample, channel, *grid)``.
    trajectory
        Later fields ``(sample, step, channel, *grid)``.
    fields
        Field of each channel. The invariants are those of the field ``vorticity`` or of the only
        field; on a sphere those of geopotential anomaly, vorticity and divergence.
    grid
        Grid of the trailing axes.

    Raises
    ------
    InputError
        For an unknown name, or fields that do not have the invariant.
    """
    known: Mapping[str, Any] = _known(grid)
    found: dict[str, NDArray[np.float64]] = {}
    for name in names:
        if name not in known:
            raise InputError(f"no invariant '{name}'; {nearest(name, known)}", "invariants", name)
        integral = _integral(grid, name, fields)
        first = integral(torch.from_numpy(initial.astype(np.float64))).numpy()
        later = np.stack(
            [integral(torch.from_numpy(sample.astype(np.float64))).numpy() for sample in trajectory]
        )
        if name == "mean":
            start = initial[:, _channel(name, fields)].astype(np.float64)
            size = np.sqrt((start**2).reshape(len(start), -1).mean(1))
        else:
            size = np.abs(first)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[name] = (later - first[:, None]) / size[:, None]
    return found


@singledispatch
def _known(grid: Grid) -> Mapping[str, Any]:
    return INVARIANTS


@_known.register
def _(grid: Sphere) -> Mapping[str, Any]:
    return SPHERE_INVARIANTS


@singledispatch
def _integral(grid: Grid, name: str, fields: Sequence[Field]) -> Callable[[Tensor], Tensor]:
    channel = _channel(name, fields)
    return lambda values: INVARIANTS[name](values.select(-1 - grid.dimensions, channel))


@_integral.register
def _(grid: Sphere, name: str, fields: Sequence[Field]) -> Callable[[Tensor], Tensor]:
    names = [f.name for f in fields]
    if missing := [field for field in FIELDS if field not in names]:
        raise InputError(
            f"the {name} on a sphere needs the fields {', '.join(FIELDS)}; {missing[0]} is "
            "missing; leave the invariants out",
            "invariants",
            name,
        )
    channels = [names.index(field) for field in FIELDS]
    # A CF unit may begin with a factor, as in 1e-5 s-1.
    scale = torch.tensor(
        [_factor(fields[channel].unit) for channel in channels], dtype=torch.float64
    )[:, None, None]
    return lambda values: SPHERE_INVARIANTS[name](values[..., channels, :, :] * scale, grid)


def _factor(unit: str) -> float:
    try:
        return float(unit.split()[0])
    except (ValueError, IndexError):
        return 1.0


def _channel(invariant: str, fields: Sequence[Field]) -> int:
    names = [f.name for f in fields]
    if "vorticity" in names:
        return names.index("vorticity")
    if len(names) > 1:
        raise InputError(
            f"the {invariant} is that of a vorticity; the fields are {', '.join(names)}; leave "
            "the invariants out",
            "invariants",
            invariant,
        )
    return 0
