"""Online training on single time steps: each window of a trajectory is an item of the buffer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.training.online import OnlineLoader


class StreamedLoader(OnlineLoader):
    """Batches of time steps that are solved during the training, each an item of its own.

    As :class:`neurop.training.online.OnlineLoader`, but the buffer holds windows, the input and
    target frames of one step, in place of trajectories: they come in the order of time, one
    trajectory after the other, and leave one by one. `buffer`, ``draws.watermark`` and
    ``unique_samples`` count windows; ``solved_samples`` still counts trajectories. Windows of a
    trajectory are alike, so that the policy matters: a first-in-first-out buffer makes batches of
    neighbours in time, which a reservoir mixes with all that it holds. Of a map each sample is one
    window.

    References
    ----------
    Meyer et al., Training deep surrogate models with large scale online learning, ICML 2023,
    arXiv:2306.16133.
    """

    def usual_capacity(self, samples: int) -> int:
        """Return the windows of so many samples, an epoch of them."""
        return self.count

    def items(self, fields: FieldSet) -> Iterator[Windows]:
        """Yield each window of one sample."""
        windows, length = Windows(fields, self.history, self.steps), self.history + self.steps
        if fields.has_targets:
            yield windows
            return
        for start in range(len(windows)):
            part = fields.frames(slice(start, start + length))
            # Copied, so that a window does not keep its trajectory in memory.
            part = replace(part, values=np.array(part.values))
            yield Windows(part, self.history, self.steps)
