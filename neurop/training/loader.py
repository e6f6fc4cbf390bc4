"""Training and validation examples in batches, for Lightning."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, ConcatDataset, DataLoader, Dataset

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.problems import Problem
from neurop.training.by_grid import ByGrid
from neurop.training.order import Labelled, Shuffled
from neurop.training.share import Share, even_batches


class Loader(lightning.LightningDataModule):
    """Data module: batches of training and validation examples.

    A batch has ``input`` ``(batch, history, channel, *grid)`` and ``target`` ``(batch, steps,
    channel, *grid)``. Of several processes each takes a part of the batches that one process would
    have with as many examples per step.

    Parameters
    ----------
    splits
        Sets ``train`` and ``val``, and optionally further training sets on other grids, whose names
        begin with ``train_``; each batch is of one of them.
    problem
        Problem that defines the examples of a set.
    extra
        Number of target frames that the objective needs in addition to those of the problem.
    batch_size
        Number of examples per batch and device.
    workers
        Number of processes that read ahead; 0 reads in the training process, which is fastest for
        data in memory.
    seed
        Seed of the order of the training examples, which depends on seed and epoch only. Lazy
        values are shuffled by the chunks of their file.
    labels
        Number of training samples of a map whose targets are read; those of others are NaN, for
        objectives that use an equation too. None for all. If they are fewer than half, every
        second example of a batch is one of them (:class:`neurop.training.order.Labelled`).

    Raises
    ------
    InputError
        If a split is empty, a value is not finite, a trajectory is shorter than an example, or a
        number is too small; in :meth:`check_processes`, if a split has fewer examples than there
        are processes.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, problems
    >>> data = FieldSet(np.random.randn(4, 5, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> loader = Loader({"train": data, "val": data}, problems.Evolution(), batch_size=8)
    >>> next(iter(loader.train_dataloader()))["input"].shape
    torch.Size([8, 1, 1, 16])
    """

    def __init__(
        self,
        splits: dict[str, FieldSet],
        problem: Problem,
        extra: int = 0,
        batch_size: int = 16,
        workers: int = 0,
        seed: int = 0,
        labels: int | None = None,
    ) -> None:
        super().__init__()
        for name, value, least in (("batch_size", batch_size, 1), ("workers", workers, 0)):
            if value < least:
                raise InputError.of(name, value, f"give {least} or more")
        names = ["train", "val", *(name for name in splits if name.startswith("train_"))]
        for name in names:
            if not len(splits[name]):
                raise InputError(
                    f"{splits[name].source}: the split {name} is empty; give it at least one "
                    "sample",
                    "splits",
                    name,
                )
            if splits[name].fields != splits["train"].fields:
                raise InputError(
                    f"the split {name} has other fields than train: "
                    f"{', '.join(field.name for field in splits[name].fields)}",
                    "splits",
                    name,
                )
        self.examples: dict[str, Any] = {
            name: problem.examples(splits[name].check_finite(), extra) for name in names
        }
        if labels is not None:
            self.examples["train"] = self.examples["train"].labelled(labels)
        self.batch_size, self.workers, self.seed = batch_size, workers, seed
        self.labels = labels
        self._epoch = 0

    def without_targets(self) -> None:
        """Leave out the targets of the training samples of a map: NaN, never read."""
        train = self.examples["train"]
        if isinstance(train, Windows) and train.fields.has_targets:
            self.labels, self.examples["train"] = 0, train.labelled(0)

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return shuffled batches, without an incomplete last one unless it is the only one."""
        sets = [part for name, part in self.examples.items() if name != "val"]
        process, processes = self._processes()
        if len(sets) > 1:
            sizes = [len(part) for part in sets]
            batches: Any = ByGrid(self._order(sum(sizes)), sizes, self.batch_size * processes)
            if processes > 1:
                batches = Share(batches, process, processes)
            return self._loader(ConcatDataset(sets), batch_sampler=batches)
        examples = sets[0]
        size = min(self.batch_size * processes, len(examples))
        order = self._order(len(examples), *examples.blocks())
        if processes > 1:
            batches = Share(BatchSampler(order, size, drop_last=True), process, processes)
            return self._loader(examples, batch_sampler=batches)
        return self._loader(examples, batch_size=size, sampler=order, drop_last=True)

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return batches in order."""
        examples = self.examples["val"]
        process, processes = self._processes()
        if processes > 1:
            batches = even_batches(len(examples), self.batch_size, process, processes)
            return self._loader(examples, batch_sampler=batches)
        return self._loader(examples, batch_size=self.batch_size)

    def check_processes(self, count: int) -> None:
        """Raise InputError if a split has fewer examples than there are processes."""
        for name, part in self.examples.items():
            if len(part) < count:
                raise InputError.of(
                    "devices",
                    count,
                    f"the split {name} has {len(part)} example(s), and each device needs one; use "
                    f"{len(part)} or fewer",
                )

    def state_dict(self) -> dict[str, Any]:
        """Return the number of the next epoch.

        Processes that read ahead take the first indices when Lightning makes the iterator, which in
        a resumed run is before it sets the epoch.
        """
        if self.trainer is None:
            return {"epoch": 0}
        progress: Any = self.trainer.fit_loop.epoch_progress.current
        return {"epoch": progress.processed}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Begin with the epoch after that of a checkpoint."""
        self._epoch = int(state_dict.get("epoch", 0))

    def _order(self, count: int, *blocks: Any) -> Shuffled:
        order = Labelled(self.labels or 0, count, self.seed, *blocks)
        order.set_epoch(self._epoch)
        return order

    def _processes(self) -> tuple[int, int]:
        """Return the number of this process, and that of all."""
        trainer = self.trainer
        if trainer is None or trainer.world_size == 1:
            return 0, 1
        self.check_processes(trainer.world_size)
        # The batches are shared out here: Lightning's sampler would shuffle them again, which
        # scatters the reads of a file, and repeat examples of an odd validation set.
        trainer._accelerator_connector.use_distributed_sampler = False
        return trainer.global_rank, trainer.world_size

    def _loader(
        self, examples: Dataset[dict[str, Tensor]], **batches: Any
    ) -> DataLoader[dict[str, Tensor]]:
        return DataLoader(
            examples,
            **batches,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.workers > 0,
        )
