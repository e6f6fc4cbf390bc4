"""The forecast that nothing changes."""

from __future__ import annotations

from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.baselines.baseline import Baseline


class Persistence(Baseline):
    """The last given state, at every step.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid
    >>> from neurop.evaluation import rollout
    >>> waves = np.sin(2 * np.pi * (np.arange(8) - np.arange(5)[:, None]) / 8)[None, :, None]
    >>> data = FieldSet(waves, (Field("u"),), Grid.periodic(1))
    >>> run = rollout(Persistence.fit(data, data), data, steps=4)
    >>> bool((run.relative_l2 == run.persistence_relative_l2).all())
    True
    """

    label = "persistence"

    def predicted(self, x: Tensor, given: Tensor | None) -> Tensor:
        """Return the last frame of `x`.

        Raises
        ------
        InputError
            For a map, whose input is another field.
        """
        if not self.card.is_state:
            raise InputError.of("baseline", self.label, "a map has none; use climatology")
        return x[:, -self.card.out_channels :]
