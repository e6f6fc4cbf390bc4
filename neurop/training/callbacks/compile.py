"""Compilation of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurop.training.callbacks.callback import PreparingCallback

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class Compile(PreparingCallback):
    """Compile the network with ``torch.compile``, as one graph that includes the kernels.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> Compile().prepare(Surrogate.of(data, "fno"))  # compiled in the first step
    """

    def prepare(self, surrogate: Surrogate) -> None:
        """Compile the network in place, which takes place in the first step."""
        surrogate.net.compile()
