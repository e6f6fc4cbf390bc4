"""Online training: samples are generated during the training."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.generation.buffer import Buffer, Stream
from neurop.generation.dataset import SolvedDataset
from neurop.problems import Problem
from neurop.training.loader import Loader


class RandomWindows(Dataset[dict[str, Tensor]]):
    """Windows drawn from a buffer of samples: a sample uniformly, then one of its windows.

    Parameters
    ----------
    buffer
        Buffer of samples; each entry contains the windows of one sample.
    count
        Number of windows per epoch.
    seed
        Seed of the choice of a window within a sample.
    """

    def __init__(
        self, buffer: Buffer[Windows], count: int, seed: int | tuple[int, ...] = 0
    ) -> None:
        self.buffer, self.count = buffer, count
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        """Return the number of windows per epoch."""
        return self.count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return a random window; `index` is not used."""
        windows = self.buffer.draw()
        return windows[int(self._rng.integers(len(windows)))]

    def blocks(self) -> tuple[None, int]:
        """Return ``(None, 1)``: all windows are in memory."""
        return None, 1


class OnlineLoader(Loader):
    """Batches of samples that are solved during the training; validation uses the stored set.

    The buffer is initialised with the training split of the source, which is generated before.
    After that, processes solve for the samples of the following indices, without repetition, and
    pass them on in memory: see :class:`neurop.generation.buffer.Buffer`. A step never waits for
    them. An epoch has as many examples as one of `source.samples` stored samples, so that the
    number of steps is the same. A resumed run continues after the last index that was started.

    Parameters
    ----------
    splits
        Sets ``train`` and ``val`` of the source.
    problem
        Problem that defines the examples of a set.
    source
        Data set that is solved online.
    extra
        Number of target frames that the objective needs in addition to those of the problem.
    batch_size
        Number of examples per batch and device.
    buffer
        Number of samples in memory; by default that of the training split of `source.samples`.
    solvers
        Number of solver processes.
    seed
        Seed of the order of the examples.

    Raises
    ------
    InputError
        If a number is too small, or the source is stored.
    """

    def __init__(
        self,
        splits: dict[str, FieldSet],
        problem: Problem,
        source: SolvedDataset,
        extra: int = 0,
        batch_size: int = 16,
        buffer: int | None = None,
        solvers: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(splits, problem, extra, batch_size, 0, seed)
        for name, value in (("solvers", solvers), ("buffer", buffer)):
            if value is not None and value < 1:
                raise InputError.of(name, value, "give 1 or more")
        if not source.online:
            raise InputError.of(
                "mode",
                source.mode,
                "an online loader trains on data that are solved meanwhile; set it to online",
            )
        self.source, self.first, self.solvers = source, splits["train"], solvers
        windows = self.examples["train"]
        self.history, self.steps = windows.history, windows.steps
        usual = source.samples - 2 * source.held_out
        self.capacity = usual if buffer is None else buffer
        self.count = usual * int(windows.starts[0])
        self._draw_from(seed)
        self.stream: Stream | None = None
        self._next_number, self._drawn = source.stored, 0

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return batches from the buffer, and start the solver processes."""
        self.start()
        return super().train_dataloader()

    def start(self) -> None:
        """Fill the buffer with the first samples, and start the processes."""
        if self.stream is not None:
            return
        if self.trainer is not None and (process := self.trainer.global_rank):
            self._draw_from(self.seed, process)  # other windows than the first process
        again = self._next_number > self.source.stored
        for i in range(min(len(self.first), self.buffer.capacity)):
            self._accept(self.first.samples(slice(i, i + 1)).loaded(), again)
        trainer = self.trainer
        share = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        self.stream = Stream(
            self.source, self._accept, self.buffer.close, self._next_number, self.solvers, share
        )

    def report(self) -> dict[str, int]:
        """Return the numbers of distinct samples used and of samples solved online."""
        return {
            "unique_samples": self._drawn + self.buffer.drawn,
            "solved_samples": self._next() - self.source.stored,
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the state from which a resumed run continues with new samples."""
        return {
            **super().state_dict(),
            "next_number": self._next(),
            "drawn": self._drawn + self.buffer.drawn,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue after the samples of a checkpoint."""
        super().load_state_dict(state_dict)
        self._next_number, self._drawn = int(state_dict["next_number"]), int(state_dict["drawn"])

    def teardown(self, stage: str) -> None:
        """Stop the solver processes."""
        self.close()

    def on_exception(self, exception: BaseException) -> None:
        """Stop the solver processes."""
        self.close()

    def close(self) -> None:
        """Stop the solver processes and close the buffer, whose samples remain."""
        if self.stream is not None:
            self.stream.close()
        self.buffer.close()

    def _draw_from(self, *seed: int) -> None:
        """Make the buffer of the training samples, and their windows, with a seed."""
        self.buffer: Buffer[Windows] = Buffer(self.capacity, (*seed, 1))
        self.examples["train"] = RandomWindows(self.buffer, self.count, (*seed, 2))

    def _next(self) -> int:
        return self._next_number if self.stream is None else self.stream.next

    def _accept(self, fields: FieldSet, drawn: bool = False) -> bool:
        return self.buffer.put(Windows(fields, self.history, self.steps), drawn)
