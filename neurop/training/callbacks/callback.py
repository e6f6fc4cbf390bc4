"""Callbacks that prepare a surrogate before its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightning.pytorch.callbacks import Callback

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class PreparingCallback(Callback):
    """A callback of Lightning that is shown the surrogate before anything is written."""

    def prepare(self, surrogate: Surrogate) -> None:
        """Prepare the surrogate, or raise InputError if the callback does not fit it."""
        raise NotImplementedError
