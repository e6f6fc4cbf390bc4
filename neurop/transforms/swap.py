"""Exchange of equal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.transforms.transform import Batch, Setting, Transform, coin


@dataclass(frozen=True)
class Swap(Transform):
    """Exchange axes of equal length, layout and boundary at random, per sample, input and target
    alike.

    Raises
    ------
    InputError
        If no two axes are equal, or on a sphere.
    """

    def check(self, setting: Setting) -> None:
        """Raise InputError if no two axes are equal."""
        if isinstance(setting.grid, Sphere) or not _pairs(setting.grid):
            names = ", ".join(setting.grid.names)
            raise InputError(
                f"augment=swap: no two axes of {names} are equal; leave it out", "augment", "swap"
            )

    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the batch with some samples transposed."""
        for i, j in _pairs(setting.grid):
            chosen = coin(rng, batch)
            if batch["input"].shape[3 + i] == batch["input"].shape[3 + j]:
                batch = {
                    name: torch.where(chosen, x.transpose(3 + i, 3 + j), x)
                    for name, x in batch.items()
                }
        return batch


def _pairs(grid: Grid) -> list[tuple[int, int]]:
    kinds = [(axis.boundary, axis.layout, abs(axis.length)) for axis in grid.axes]
    return [(i, j) for i in range(len(kinds)) for j in range(i) if kinds[i] == kinds[j]]
