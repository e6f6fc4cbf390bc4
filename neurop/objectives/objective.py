"""The base class of objectives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from torch import Tensor, nn

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Objective(nn.Module, ABC):
    """A loss that a training minimises: the sum of named terms.

    Attributes
    ----------
    needs_targets
        Whether the objective reads the targets of a batch.
    """

    needs_targets: ClassVar[bool] = True

    @property
    def extra_frames(self) -> int:
        """Target frames that a training example needs after those of the problem."""
        return 0

    @abstractmethod
    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the terms of the loss, scalars by name.

        Parameters
        ----------
        surrogate
            Surrogate in training.
        batch
            Mapping with ``input`` ``(batch, history, channel, *grid)`` and ``target`` ``(batch,
            steps, channel, *grid)``, in physical units.
        rng
            Random number generator of this batch.
        """
