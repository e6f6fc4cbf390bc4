"""Windows of trajectories as training examples."""

from __future__ import annotations

import math
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import CACHE, Lazy


class Windows(Dataset[dict[str, Tensor]]):
    """All windows of `history` input frames and the `steps` target frames after them.

    The items of a map are its pairs. A trajectory that is shorter than a window has none.

    Parameters
    ----------
    fields
        Evolution or map.
    history
        Number of input frames; 1 for a map.
    steps
        Number of target frames; 1 for a map.

    Items
    -----
    ``input``: ``(history, channel, *grid)``, ``target``: ``(steps, channel, *grid)``, and where the
    set has conditions ``given``: ``(steps, channel, *grid)``; float32.

    Raises
    ------
    InputError
        If all trajectories are shorter than one window, or a map has other numbers than 1.

    Examples
    --------
    >>> from neurop import Field, Grid
    >>> states = np.zeros((2, 5, 1, 8))
    >>> windows = Windows(FieldSet(states, (Field("u"),), Grid.periodic(1)), history=2)
    >>> len(windows), windows[0]["input"].shape, windows[0]["target"].shape
    (6, torch.Size([2, 1, 8]), torch.Size([1, 1, 8]))
    """

    labels: int | None = None
    """Number of samples with targets; None for all."""

    def __init__(self, fields: FieldSet, history: int = 1, steps: int = 1) -> None:
        for name, count in (("history", history), ("steps", steps)):
            if count < 1:
                raise InputError.of(name, count, "at least 1 is needed")
        self.fields, self.history, self.steps = fields, history, steps
        frames = [fields.length(sample) for sample in range(len(fields))]
        self.starts = np.maximum(np.array(frames, np.intp) - history - steps + 1, 0)
        if fields.has_targets:
            self.starts[:] = 1
        self.ends = self.starts.cumsum()
        if fields.has_targets and (history, steps) != (1, 1):
            key, value = ("history", history) if history > 1 else ("steps", steps)
            raise InputError(
                f"{fields.source} is a map; history={history}, steps={steps} need trajectories; "
                "use 1 and 1",
                key,
                value,
            )
        if len(frames) and not self.starts.any():
            raise InputError(
                f"{fields.source}: {max(frames)} frames are fewer than history={history} + "
                f"steps={steps}; lower one of them",
                "steps",
                steps,
            )

    def labelled(self, count: int) -> Windows:
        """Return the windows with the targets of the first `count` samples; others are NaN.

        Targets that are left out are not read.

        Raises
        ------
        InputError
            If the fields are an evolution, whose later frames are inputs too, or `count` is not
            between 0 and the number of samples.
        """
        if not self.fields.has_targets:
            remedy = "an evolution has no targets of its own; give a map, or fewer samples"
            raise InputError.of("labels", count, f"{self.fields.label}: {remedy}")
        if not 0 <= count <= len(self.fields):
            remedy = f"give 0 to {len(self.fields)}, the samples of {self.fields.label}"
            raise InputError.of("labels", count, remedy)
        chosen = copy(self)
        chosen.labels = count
        return chosen

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.starts.sum())

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return one window."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        sample = int(np.searchsorted(self.ends, index, side="right"))
        start = index - int(self.ends[sample] - self.starts[sample])
        middle = start + self.history
        # One read for both: in an evolution they are adjacent.
        frames = np.asarray(
            self.fields.values[
                sample, start : middle + (0 if self.fields.has_targets else self.steps)
            ]
        )
        target = self._target(sample, frames)
        window = {
            "input": torch.as_tensor(frames[: self.history]).float(),
            "target": torch.as_tensor(target).float(),
        }
        given = self.fields.given(sample, middle - 1, 1 if self.fields.has_targets else self.steps)
        return window if given is None else window | {"given": torch.from_numpy(given)}

    def _target(self, sample: int, frames: NDArray[Any]) -> NDArray[Any]:
        targets = self.fields.targets
        if targets is None:
            return frames[self.history :]
        if self.labels is not None and sample >= self.labels:
            return np.full(targets.shape[1:], np.nan, np.float32)
        return np.asarray(targets[sample])

    def blocks(self) -> tuple[NDArray[np.intp] | None, int]:
        """Return the file block of each window's first frame, and how many blocks fit the cache.

        The first is None for values in memory.
        """
        values = self.fields.values
        if not isinstance(values, Lazy):
            return None, 1
        samples = np.repeat(np.arange(len(self.starts)), self.starts)
        frames = np.arange(len(self)) - (self.ends - self.starts)[samples]
        (per_s, per_f), (first_s, first_f) = values.block, values.offset
        rows, columns = (samples + first_s) // per_s, (frames + first_f) // per_f
        # Half of the cache, as a window may extend into the next block.
        size = per_s * per_f * math.prod(values.shape[2:]) * values.dtype.itemsize
        return rows * (columns.max() + 1) + columns, max(1, CACHE // 2 // size)
