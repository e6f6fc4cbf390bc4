"""The inputs that a network gets from a training set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from neurop.fields.fieldset import FieldSet
from neurop.inference.network_input import network_input

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

MOST, BATCH = 2048, 64
"""Number of inputs at most, at equal distances in the set, and of those of a batch."""


def fitted(surrogate: Surrogate, train: FieldSet) -> Surrogate:
    """Return a new surrogate, its network prepared for the inputs of a training set.

    See :meth:`neurop.models.Operator.fit_inputs`.
    """
    surrogate.net.fit_inputs(training_inputs(surrogate, train))
    return surrogate


@torch.no_grad()
def training_inputs(surrogate: Surrogate, train: FieldSet) -> Iterator[Tensor]:
    """Yield batches of inputs of the network of a surrogate, ``(batch, channels, *grid)``.

    They are read one by one, as they are asked for.

    Parameters
    ----------
    surrogate
        Surrogate, whose normalisers are used.
    train
        Training set.
    """
    examples = surrogate.card.problem.examples(train)
    chosen = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), MOST)).astype(int))
    like = surrogate.output_norm.std
    for batch in DataLoader(Subset(examples, chosen.tolist()), BATCH):
        given = batch["given"][:, 0].to(like) if "given" in batch else None
        yield network_input(surrogate, batch["input"].to(like).flatten(1, 2), given)
