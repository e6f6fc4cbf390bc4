"""Inputs that are known at some points alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from neurop.errors import InputError
from neurop.transforms.transform import Batch, Setting, Transform


@dataclass(frozen=True)
class SensorMask(Transform):
    """Replace the input by its training mean at points that carry no sensor, drawn anew for each
    sample.

    The same points are hidden in all frames and fields of a sample. A network that is trained so
    becomes robust to gaps in its input and can fill them.

    Parameters
    ----------
    share
        Share of the points that are hidden, above 0 and below 1.

    Raises
    ------
    InputError
        If the share is not between 0 and 1.
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError.of(
                "share", self.share, "give a share between 0 and 1, for example 0.5"
            )

    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the batch with hidden points in its input."""
        x = batch["input"]
        hidden = torch.from_numpy(rng.random((len(x), 1, 1, *x.shape[3:])) < self.share)
        mean = setting.norm.inverse(torch.zeros_like(x[:, 0]))[:, None]
        return batch | {"input": torch.where(hidden.to(x.device), mean, x)}
