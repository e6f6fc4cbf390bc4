"""Inputs that are known only at some points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from neurop.errors import InputError
from neurop.transforms.transform import Batch, Setting, Transform


@dataclass(frozen=True)
class SensorMask(Transform):
    """Replace the input by its training mean at random points, as if they had no sensor.

    The hidden points are drawn for each sample, and are the same in all its frames and fields. The
    trained network is robust to gaps in its input.

    Parameters
    ----------
    share
        Expected share of hidden points, above 0 and below 1.

    Raises
    ------
    InputError
        If the share is not between 0 and 1.

    Examples
    --------
    >>> from neurop import Grid
    >>> from neurop.fields.normalizer import Normalizer
    >>> grid = Grid.periodic(1)
    >>> norm = Normalizer(torch.full((1, 1), 5.0), torch.ones(1), grid)
    >>> setting = Setting(grid, (6,), norm, is_state=True)
    >>> batch = {"input": torch.arange(6.0).view(1, 1, 1, 6)}
    >>> SensorMask()(batch, setting, np.random.default_rng(0), progress=0.0)["input"].squeeze()
    tensor([0., 5., 5., 5., 4., 5.])
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
