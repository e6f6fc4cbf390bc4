"""The interface of an objective."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from torch import Tensor, nn

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Objective(nn.Module, ABC):
    """What training makes small, as named terms whose sum is differentiated.

    Attributes
    ----------
    needs_targets
        Whether it reads the targets of a batch; where it does not, none need be given.
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
            What is trained.
        batch
            ``input`` ``(batch, history, channel, *grid)`` and ``target`` ``(batch, steps, channel,
            *grid)``, in physical units.
        rng
            Random numbers of this batch.
        """
