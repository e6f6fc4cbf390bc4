"""Callbacks that prepare a surrogate before its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightning.pytorch.callbacks import Callback

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class PreparingCallback(Callback):
    """A callback of Lightning that prepares the surrogate before any file is written.

    Examples
    --------
    >>> class Freeze(PreparingCallback):
    ...     def prepare(self, surrogate):
    ...         surrogate.net.lift.requires_grad_(False)
    >>> isinstance(Freeze(), Callback)
    True
    """

    def prepare(self, surrogate: Surrogate) -> None:
        """Prepare the surrogate, or raise InputError if the callback does not fit it."""
        raise NotImplementedError
