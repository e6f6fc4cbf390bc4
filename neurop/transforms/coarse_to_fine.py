"""Training on a coarse grid first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurop.errors import InputError
from neurop.spectral import resample
from neurop.transforms.transform import Batch, Setting, Transform


@dataclass(frozen=True)
class CoarseToFine(Transform):
    """Train on a coarse grid first, by spectral truncation of the fields, to save time.

    The weights of a neural operator do not depend on the grid; validation uses the full one. The
    coarse grid should resolve the fields.

    Parameters
    ----------
    shape
        Points per axis of the coarse grid, for example ``(32, 32)``.
    share
        Share of the training on the coarse grid: of the epochs, or of the steps if their number
        ends the training sooner.

    Raises
    ------
    InputError
        If the share is not in [0, 1]; from :meth:`check`, if the coarse grid is finer than the
        data, an axis is not periodic, or the network is not resolution-invariant.

    Examples
    --------
    >>> import torch
    >>> from neurop import Grid
    >>> from neurop.fields.normalizer import Normalizer
    >>> grid = Grid.periodic(1)
    >>> norm = Normalizer(torch.zeros(1, 1), torch.ones(1), grid)
    >>> setting, rng = Setting(grid, (16,), norm, is_state=True), np.random.default_rng(0)
    >>> batch = {"input": torch.zeros(2, 1, 1, 16)}
    >>> transform = CoarseToFine((8,), share=0.5)
    >>> [transform(batch, setting, rng, progress)["input"].shape[-1] for progress in (0.0, 0.7)]
    [8, 16]
    """

    shape: tuple[int, ...]
    share: float = 0.8

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        if not 0 <= self.share <= 1:
            raise InputError.of("share", self.share, "give a share between 0 and 1")

    def check(self, setting: Setting) -> None:
        """Raise InputError unless axes, network and the size of the grid allow it."""
        if not setting.resolution_invariant:
            raise InputError.of(
                "shape",
                self.shape,
                "on a coarse grid this network is another operator, since it is not "
                "resolution-invariant; leave it out",
            )
        if setting.masked:
            remedy = "a field around a mask has jumps, which are not truncated; leave it out"
            raise InputError.of("shape", self.shape, remedy)
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
        """Return the batch on the coarse grid, or unchanged if it is no finer.

        Once `progress` reaches the share, it is always unchanged.
        """
        fine = batch["input"].shape[3:]
        if progress >= self.share or all(n <= m for n, m in zip(fine, self.shape, strict=True)):
            return batch
        return {name: resample(x, setting.grid, self.shape) for name, x in batch.items()}
