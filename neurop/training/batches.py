"""Batches of windows for Lightning."""

from __future__ import annotations

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from neurop.data.fieldset import FieldSet
from neurop.data.windows import Windows
from neurop.errors import InputError


class Batches(lightning.LightningDataModule):
    """Batches of ``input`` ``(batch, history, channel, *grid)`` and ``target`` ``(batch, steps, channel, *grid)``.

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
        Processes that read ahead; 0 reads in the training process, which is fastest for data in memory.

    Raises
    ------
    InputError
        If the training split is empty, a value is not finite, or a trajectory is shorter than a window.
    """

    def __init__(self, splits: dict[str, FieldSet], history: int = 1, steps: int = 1, batch_size: int = 16, workers: int = 0) -> None:
        super().__init__()
        if batch_size < 1 or workers < 0:
            raise InputError(f"batch_size={batch_size}, workers={workers}; need at least 1 and 0")
        self.windows = {name: Windows(splits[name].check_finite(), history, steps) for name in ("train", "val")}
        self.batch_size, self.workers = batch_size, workers

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return shuffled batches; a last one that is not full is left out, unless it is the only one."""
        return self._loader("train", shuffle=True)

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return batches in order."""
        return self._loader("val", shuffle=False)

    def _loader(self, name: str, shuffle: bool) -> DataLoader[dict[str, Tensor]]:
        windows = self.windows[name]
        return DataLoader(
            windows,
            self.batch_size,
            shuffle=shuffle,
            drop_last=shuffle and len(windows) >= self.batch_size,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.workers > 0,
        )
