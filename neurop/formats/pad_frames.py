"""Trajectories of different lengths in one set: shorter ones are padded, and not read there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.condition import Condition
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times


def of_one_length(sets: Sequence[FieldSet]) -> list[FieldSet]:
    """Return sets of samples with as many frames as the longest, and the lengths of their samples.

    The last frame is repeated. Sets of the same number of frames are returned as they are.

    Parameters
    ----------
    sets
        Sets of samples with lazy values.
    """
    frames = max(one.values.shape[1] for one in sets)
    if all(one.values.shape[1] == frames for one in sets):
        return list(sets)
    longest = next(one.times for one in sets if one.values.shape[1] == frames)
    times = longest or Times(np.arange(frames))
    return [
        replace(
            one,
            values=_padded(one.values, frames),
            times=replace(times, lengths=tuple(one.length(sample) for sample in range(len(one)))),
            conditions=tuple(_known(c, frames) for c in one.conditions),
        )
        for one in sets
    ]


def _known(one: Condition, frames: int) -> Condition:
    if one.role != "forcing":
        return one
    values = np.asarray(one.values)
    after = [(0, 0)] * values.ndim
    after[1] = (0, frames - values.shape[1])
    return replace(one, values=np.pad(values, after, mode="edge"))


def _padded(values: Any, frames: int) -> Lazy:
    shape = (values.shape[0], frames, *values.shape[2:])
    return Lazy(_Padded(values), shape, values.block, f"{values.key} to {frames} frames")


@dataclass(frozen=True)
class _Padded:
    """Reader of frames, the last of which stands for those after it."""

    values: Lazy

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        end = self.values.shape[1]
        part = np.asarray(self.values[samples, min(frames.start, end - 1) : min(frames.stop, end)])
        missing = frames.stop - frames.start - part.shape[1]
        return np.concatenate([part, np.repeat(part[:, -1:], missing, axis=1)], axis=1)
