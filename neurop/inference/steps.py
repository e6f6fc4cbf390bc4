"""The states of an autoregressive rollout, as tensors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def steps(surrogate: Surrogate, frames: Tensor, given: Tensor | None) -> Iterator[Tensor]:
    """Yield the states after some frames; see :meth:`neurop.Surrogate.steps`."""
    for each in repeat(None) if given is None else given.unbind(1):
        made = surrogate(frames.flatten(1, 2), given=each)
        yield made
        if not surrogate.card.is_state:
            return
        frames = torch.cat([frames[:, 1:], made[:, None]], dim=1)
