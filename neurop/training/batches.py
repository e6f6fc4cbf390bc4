"""Batches of windows for Lightning."""

from __future__ import annotations

from collections.abc import Sequence

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, SequentialSampler

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.spectral import resample
from neurop.training.order import Shuffled
from neurop.training.symmetries import Symmetries


class Batches(lightning.LightningDataModule):
    """Batches of ``input`` ``(batch, history, channel, *grid)`` and ``target`` ``(batch, steps,
    channel, *grid)``.

    Parameters
    ----------
    splits
        Sets ``train`` and ``val``.
    history
        Frames that go in.
    steps
        Frames to predict, each from the predictions before it; 1 for a map.
    batch_size
        Windows per batch and device.
    workers
        Processes that read ahead; 0 reads in the training process, which is fastest for data in
        memory.
    coarse
        Grid of the first epochs, for example ``(32, 32)``: the fields truncated spectrally, for a
        fraction of the time (the weights belong to no grid). Validation stays on the full grid.
    coarse_share
        Share of the training on it, in epochs, or in steps where ``max_steps`` ends the training
        sooner.
    seed
        Of the order of the training windows, which depends on it and on the epoch alone, and of the
        symmetries. Values that stay in their file are shuffled by its chunks.
    symmetries
        Names in :mod:`neurop.training.symmetries`, applied to the training windows at random.

    Raises
    ------
    InputError
        If a split is empty, a value is not finite, a trajectory is shorter than a window, or the
        coarse grid is no smaller one of periodic axes.
    """

    def __init__(
        self,
        splits: dict[str, FieldSet],
        history: int = 1,
        steps: int = 1,
        batch_size: int = 16,
        workers: int = 0,
        coarse: Sequence[int] | None = None,
        coarse_share: float = 0.8,
        seed: int = 0,
        symmetries: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        if batch_size < 1 or workers < 0:
            raise InputError(f"batch_size={batch_size}, workers={workers}; need at least 1 and 0")
        train = splits["train"]
        self.grid, self.coarse, self.coarse_share = (
            train.grid,
            None if coarse is None else tuple(coarse),
            coarse_share,
        )
        if self.coarse is not None:
            if any(axis.boundary != "periodic" for axis in self.grid.axes):
                raise InputError(
                    f"training.coarse={list(self.coarse)}: only periodic fields are truncated "
                    "without loss; use null"
                )
            if len(self.coarse) != len(train.shape) or not all(
                1 <= m <= n for m, n in zip(self.coarse, train.shape)
            ):
                raise InputError(
                    f"training.coarse={list(self.coarse)}: need {len(train.shape)} sizes up to "
                    f"{list(train.shape)}, or null"
                )
            if not 0 <= coarse_share <= 1:
                raise InputError(
                    f"training.coarse_share={coarse_share}; give a share between 0 and 1"
                )
        for name in ("train", "val"):
            if not len(splits[name]):
                raise InputError(
                    f"{splits[name].source}: the split {name} is empty; give it at least one sample"
                )
        self.windows = {
            name: Windows(splits[name].check_finite(), history, steps) for name in ("train", "val")
        }
        self.batch_size, self.workers, self.seed = batch_size, workers, seed
        self.symmetries = Symmetries(symmetries, train.grid, train.is_map) if symmetries else None

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return shuffled batches; a last one that is not full is left out, unless it is the
        only one.
        """
        return self._loader("train", shuffle=True)

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return batches in order."""
        return self._loader("val", shuffle=False)

    def on_after_batch_transfer(
        self, batch: dict[str, Tensor], dataloader_idx: int
    ) -> dict[str, Tensor]:
        """Return the batch on the grid of the epoch, a training batch with symmetries applied."""
        trainer = self.trainer
        if trainer is None or not trainer.training:
            return batch
        if self.symmetries:
            # By the step rather than by a running stream: a run that was interrupted goes on with
            # the same.
            rng = np.random.default_rng(
                (self.seed, trainer.global_rank, trainer.fit_loop.total_batch_idx + 1)
            )
            batch = self.symmetries(batch, rng)
        if self.coarse is None:
            return batch
        ends = (
            (trainer.current_epoch, trainer.max_epochs or -1),
            (trainer.global_step, trainer.max_steps),
        )
        if max((now / end for now, end in ends if end > 0), default=1.0) >= self.coarse_share:
            return batch
        return {name: resample(values, self.grid, self.coarse) for name, values in batch.items()}

    def _loader(self, name: str, shuffle: bool) -> DataLoader[dict[str, Tensor]]:
        windows = self.windows[name]
        order = (
            Shuffled(len(windows), self.seed, *windows.blocks())
            if shuffle
            else SequentialSampler(windows)
        )
        return DataLoader(
            windows,
            self.batch_size,
            sampler=order,
            drop_last=shuffle and len(windows) >= self.batch_size,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.workers > 0,
        )
