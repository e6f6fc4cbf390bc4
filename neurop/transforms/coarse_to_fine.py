"""The first part of a training on a coarse grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurop.errors import InputError
from neurop.spectral import resample
from neurop.transforms.transform import Batch, Setting, Transform


@dataclass(frozen=True)
class CoarseToFine(Transform):
    """Truncate the fields spectrally to a coarse grid for the first part of the training, for a
    fraction of its time.

    The weights of a neural operator belong to no grid, and validation stays on the full one. It is
    meant for fields that are smooth on the coarse grid.

    Parameters
    ----------
    shape
        Points per axis of the coarse grid, for example ``(32, 32)``.
    share
        Share of the training on it: of the epochs, or of the steps where their number ends the
        training sooner.

    Raises
    ------
    InputError
        If the coarse grid is finer than the data, an axis is not periodic, or the share is not in
        [0, 1].
    """

    shape: tuple[int, ...]
    share: float = 0.8

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        if not 0 <= self.share <= 1:
            raise InputError.of("share", self.share, "give a share between 0 and 1")

    def check(self, setting: Setting) -> None:
        """Raise InputError unless the axes are periodic and the coarse grid is no finer than the
        data.
        """
        if any(axis.boundary != "periodic" for axis in setting.grid.axes):
            raise InputError.of(
                "shape", self.shape, "only periodic fields are truncated without loss; leave it out"
            )
        full = setting.shape
        if len(self.shape) != len(full) or not all(1 <= m <= n for m, n in zip(self.shape, full)):
            raise InputError.of("shape", self.shape, f"give {len(full)} sizes up to {list(full)}")

    def __call__(
        self, batch: Batch, setting: Setting, rng: np.random.Generator, progress: float
    ) -> Batch:
        """Return the batch on the coarse grid, or unchanged in the last part of the training."""
        if progress >= self.share:
            return batch
        return {name: resample(x, setting.grid, self.shape) for name, x in batch.items()}
