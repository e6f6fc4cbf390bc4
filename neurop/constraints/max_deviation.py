"""A bound on the size of predictions, relative to the training data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from neurop.constraints.constraint import Constraint, Context
from neurop.errors import InputError
from neurop.metrics.norms import mean


@dataclass(frozen=True)
class MaxDeviation(Constraint):
    r"""Bound the root mean square deviation of each field from its training mean.

    .. math:: y \leftarrow \mu + (y - \mu)\,\min\!\Bigl(1,
       \frac{c\,\sigma}{\langle (y - \mu)^2 \rangle^{1/2}}\Bigr)

    A larger deviation is scaled down and keeps its shape, so that a rollout cannot grow without
    bound. A typical frame of the training set has about 1, the start of a decaying flow more.

    Parameters
    ----------
    most
        Bound c, in standard deviations over the training set, above 0.

    Raises
    ------
    InputError
        From :meth:`check`, if the bound is not above 0 and finite, or the problem is a map.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> import numpy as np
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", constraints=[MaxDeviation(1.5)])
    >>> surrogate.card.constraints
    (MaxDeviation(most=1.5),)
    """

    most: float
    rank: ClassVar[int] = 50

    def check(self, context: Context) -> None:
        """Raise InputError unless the bound is above 0 and the problem an evolution."""
        if not 0 < self.most < math.inf:
            raise InputError.of("most", self.most, "give a number above 0, for example 2")
        if not context.is_state:
            raise InputError.of(
                "most", self.most, "the bound is for an evolution; leave it out for a map"
            )

    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction with bounded deviations."""
        grid, z = context.grid, context.norm(y)
        square = mean(z.square(), context.measure(z))
        # Clamped before the root, whose gradient is infinite at 0.
        factor = self.most / square.clamp_min(self.most**2).sqrt()
        return context.norm.inverse(z * factor[(...,) + (None,) * grid.dimensions])
