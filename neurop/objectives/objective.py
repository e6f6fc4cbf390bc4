"""The base class of objectives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from torch import Tensor, nn

from neurop.errors import InputError

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet
    from neurop.fields.noise_input import NoiseInput
    from neurop.physics.equations.equation import Equation
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Objective(nn.Module, ABC):
    """A loss that a training minimises: the sum of named terms.

    Attributes
    ----------
    needs_targets
        Whether the objective reads the targets of a batch.
    takes_missing_targets
        Whether targets may be NaN, for samples that have none.
    monitor
        Name of the validation score whose smallest value marks the best weights: ``relative_l2``,
        or one of :meth:`scores`.
    """

    needs_targets: ClassVar[bool] = True
    takes_missing_targets: ClassVar[bool] = False
    monitor: ClassVar[str] = "relative_l2"

    @property
    def extra_frames(self) -> int:
        """Target frames that a training example needs after those of the problem."""
        return 0

    def noise(self, train: FieldSet) -> NoiseInput | None:
        """Return the noise that the surrogate has to take; None by default.

        Parameters
        ----------
        train
            The training split.
        """
        return None

    def bind(self, equation: Equation | None) -> None:
        """Take the equation of the data set, for an objective that needs one.

        Parameters
        ----------
        equation
            Equation that the fields of the training data solve; None if it is not known.
        """

    def check(self, surrogate: Surrogate) -> None:
        """Raise InputError if a surrogate cannot be trained by this objective.

        By default, if it takes noise: what it does with the noise would not be trained.
        """
        if surrogate.noise is not None:
            raise InputError.of(
                "objective", type(self).__name__, "the surrogate takes noise; train it with Crps"
            )

    def scores(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return further scores of a validation batch, scalars by name; none by default.

        Arguments as in :meth:`forward`; `rng` is the same in every epoch.
        """
        return {}

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
