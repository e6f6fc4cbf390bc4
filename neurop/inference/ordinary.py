"""Warnings about input fields that are far from those of the training."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

FAR = 4.0
"""Root mean square of a field, in training deviations about the training mean, that is unusual."""


def warn_if_unusual(
    surrogate: Surrogate, frames: Tensor, inside: NDArray[np.bool_] | None = None
) -> None:
    r"""Warn of a field whose distance from the training data is large in some frame.

    .. math:: \sqrt{\operatorname{mean}_x \left(\frac{u - \mu}{\sigma}\right)^2} > 4

    Parameters
    ----------
    surrogate
        Surrogate, whose normaliser has mean and standard deviation of the training data.
    frames
        ``(sample, history, channels, *grid)`` in physical units.
    inside
        Cells of the domain, ``(sample | 1, *grid)``; None for all.

    Warns
    -----
    UserWarning
        With the range of the field, and the mean and deviation of the training.
    """
    norm, fields = surrogate.input_norm, surrogate.card.inputs
    state = [i for i, field in enumerate(fields) if not field.diagnostic]
    domain = None if inside is None else torch.tensor(inside, device=frames.device)
    worst = torch.zeros(len(fields), dtype=torch.float64)
    low, high = worst + torch.inf, worst - torch.inf
    with torch.no_grad():
        for index, sample in enumerate(frames):
            z = norm(sample)
            where = torch.ones_like(z[0, 0], dtype=torch.bool)
            if domain is not None:
                where = domain[index if len(domain) > 1 else 0]
            size = z[:, :, where].double().square().mean(-1).sqrt().amax(0).cpu()
            worst = torch.maximum(worst, size)
            values = sample[:, :, where].double()
            low = torch.minimum(low, values.amin((0, 2)).cpu())
            high = torch.maximum(high, values.amax((0, 2)).cpu())
    for i in state:
        if worst[i] > FAR:
            mean, std = float(norm.mean[i].double().mean()), float(norm.std[i])
            unit = "" if fields[i].unit == "1" else f" {fields[i].unit}"
            warnings.warn(
                f"field '{fields[i].name}' is {low[i]:g} to {high[i]:g}{unit}, {worst[i]:.3g} "
                f"deviations from the training data (mean {mean:g}, deviation {std:g}); is its "
                "unit right?",
                stacklevel=2,
            )
