"""Inputs of a surrogate with the statistics of its training data, made from its card."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.surrogate import Surrogate


def examples(
    surrogate: Surrogate, batch: int, shape: Sequence[int], seed: int = 0
) -> tuple[Tensor, ...]:
    """Return ``(x,)``, or ``(x, given)`` for a surrogate that takes conditions.

    Fields are normal with the training mean and deviation at each point, conditions uniform in
    their training range, masks random with half of the cells.

    Parameters
    ----------
    surrogate
        Surrogate on the CPU.
    batch
        Number of samples.
    shape
        Points per axis.
    seed
        Seed of the random numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> [part.shape for part in examples(Surrogate.of(data, "fno"), 3, (16,))]
    [torch.Size([3, 1, 16])]
    """
    card, generator = surrogate.card, torch.Generator().manual_seed(seed)
    std = surrogate.input_norm.std
    noise = torch.randn(batch, card.history * len(card.inputs), *shape, generator=generator)
    x = surrogate.input_norm.inverse(noise.to(std))
    if not card.conditions:
        return (x,)
    columns = []
    for known in card.conditions:
        for _ in known.channels:
            points = [1] * len(shape) if known.role == "parameter" else shape
            values = torch.rand(batch, 1, *points, generator=generator)
            if known.role == "mask":
                values = (values > 0.5).float()
            columns.append((known.low + (known.high - known.low) * values).expand(-1, -1, *shape))
    return x, torch.cat(columns, dim=1).to(std)
