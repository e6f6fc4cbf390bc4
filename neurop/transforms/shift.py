"""Augmentation by translation along periodic axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from neurop.errors import InputError
from neurop.transforms.transform import Batch, Setting, Transform


@dataclass(frozen=True)
class Shift(Transform):
    """Translate along each periodic axis by a random number of points, input and target alike.

    Use it only if the equation, its forcing and its boundary have this symmetry.

    Raises
    ------
    InputError
        From :meth:`check`, if no axis is periodic.

    Examples
    --------
    >>> from neurop import Grid
    >>> from neurop.fields.normalizer import Normalizer
    >>> grid = Grid.periodic(1)
    >>> norm = Normalizer(torch.zeros(1, 1), torch.ones(1), grid)
    >>> setting = Setting(grid, (4,), norm, is_state=True)
    >>> batch = {"input": torch.arange(4.0).expand(2, 1, 1, 4)}
    >>> Shift()(batch, setting, np.random.default_rng(0), progress=0.0)["input"].squeeze()
    tensor([[1., 2., 3., 0.],
            [2., 3., 0., 1.]])
    """

    def check(self, setting: Setting) -> None:
        """Raise InputError if no axis is periodic."""
        if not any(axis.boundary == "periodic" for axis in setting.grid.axes):
            names = ", ".join(setting.grid.names)
            raise InputError(
                f"augment=shift: none of the axes {names} is periodic; leave it out",
                "augment",
                "shift",
            )

    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the batch with each sample translated."""
        for i, axis in enumerate(setting.grid.axes):
            if axis.boundary == "periodic":
                like = batch["input"]
                n, rank = like.shape[3 + i], like.dim()
                by = torch.from_numpy(rng.integers(0, n, len(like))).view(-1, 1)
                index = ((torch.arange(n) - by) % n).to(like.device)
                shape = [len(like), *[1] * (rank - 1)]
                shape[3 + i] = n
                batch = {
                    name: torch.take_along_dim(x, index.view(shape), 3 + i)
                    for name, x in batch.items()
                }
        return batch
