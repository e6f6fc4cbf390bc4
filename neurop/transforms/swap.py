"""Augmentation by exchange of equal axes."""

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
    """Exchange axes of equal length, layout and boundary at random, input and target alike.

    Use it only if the equation, its forcing and its boundary have this symmetry.

    Raises
    ------
    InputError
        From :meth:`check`, if no two axes are equal, or on a sphere.

    Examples
    --------
    >>> from neurop import Grid
    >>> from neurop.fields.normalizer import Normalizer
    >>> grid = Grid.periodic(2)
    >>> norm = Normalizer(torch.zeros(1, 1, 1), torch.ones(1), grid)
    >>> setting = Setting(grid, (2, 2), norm, is_state=True)
    >>> batch = {"input": torch.arange(4.0).view(2, 2).expand(2, 1, 1, 2, 2)}
    >>> Swap()(batch, setting, np.random.default_rng(0), progress=0.0)["input"].squeeze()
    tensor([[[0., 1.],
             [2., 3.]],
    <BLANKLINE>
            [[0., 2.],
             [1., 3.]]])
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
