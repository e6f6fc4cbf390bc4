"""A compiled network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurop.training.callbacks.callback import PreparingCallback

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class Compile(PreparingCallback):
    """Compile the network with ``torch.compile``: one graph around the kernels."""

    def prepare(self, surrogate: Surrogate) -> None:
        """Compile the network in place; the first step pays for it."""
        surrogate.net.compile()
