"""Evaluation mode of a surrogate for the duration of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


@contextmanager
def evaluating(surrogate: Surrogate) -> Iterator[None]:
    """Set evaluation mode without gradients; afterwards, also after an error, restore the mode."""
    training = surrogate.training
    surrogate.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        surrogate.train(training)
