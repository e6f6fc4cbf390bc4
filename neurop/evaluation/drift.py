"""Drift of invariants along a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.data.fieldset import Field
from neurop.errors import InputError, nearest
from neurop.physics.invariants import INVARIANTS


def drifts(
    names: Sequence[str], initial: NDArray[Any], trajectory: NDArray[Any], fields: Sequence[Field]
) -> dict[str, NDArray[np.float64]]:
    r"""Return the change of each invariant since the start, :math:`(I(t) - I(0)) / |I(0)|`, of shape ``(sample, step)``.

    The change of the mean, which may vanish, is relative to the root mean square of the initial field.

    Parameters
    ----------
    names
        Keys of :data:`neurop.physics.invariants.INVARIANTS`.
    initial
        ``(sample, channel, *grid)``.
    trajectory
        ``(sample, step, channel, *grid)``.
    fields
        One per channel; the invariants are those of the field ``vorticity``, or of the only field.

    Raises
    ------
    InputError
        For an unknown name, or several fields of which none is the vorticity.
    """
    found: dict[str, NDArray[np.float64]] = {}
    for name in names:
        if name not in INVARIANTS:
            raise InputError(f"no invariant '{name}'; {nearest(name, INVARIANTS)}")
        channel = _channel(name, fields)
        start = torch.from_numpy(initial[:, channel].astype(np.float64))
        first = INVARIANTS[name](start).numpy()
        later = np.stack([INVARIANTS[name](torch.from_numpy(sample[:, channel].astype(np.float64))).numpy() for sample in trajectory])
        size = start.square().flatten(1).mean(1).sqrt().numpy() if name == "mean" else np.abs(first)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[name] = (later - first[:, None]) / size[:, None]
    return found


def _channel(invariant: str, fields: Sequence[Field]) -> int:
    names = [f.name for f in fields]
    if "vorticity" in names:
        return names.index("vorticity")
    if len(names) > 1:
        raise InputError(f"the {invariant} is that of a vorticity; the fields are {', '.join(names)}; leave the invariants out")
    return 0
