"""Training on samples that are solved for meanwhile."""

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
from neurop.training.batches import Batches


class RandomWindows(Dataset[dict[str, Tensor]]):
    """Windows drawn from a stock of samples: a sample uniformly, then one of its windows.

    Parameters
    ----------
    stock
        Where they come from; each entry holds the windows of one sample.
    count
        Windows of an epoch.
    seed
        Of the window within a sample.
    """

    def __init__(self, stock: Buffer[Windows], count: int, seed: int | tuple[int, ...] = 0) -> None:
        self.stock, self.count = stock, count
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        """Return the windows of an epoch."""
        return self.count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return a window, another one at each call."""
        windows = self.stock.draw()
        return windows[int(self._rng.integers(len(windows)))]

    def blocks(self) -> tuple[None, int]:
        """Return that all are in memory."""
        return None, 1


class Online(Batches):
    """Batches of windows of samples that the solver makes while they are used; validation is the
    usual set.

    The first stock is the training split of the source, whose file is made before; from then on
    processes solve for the numbers behind it, without end and without repetition, and hand their
    samples over in memory: see :class:`neurop.generation.buffer.Buffer`. A step never waits for
    them. An epoch has as many windows as that of `source.samples` stored samples, so that the steps
    of both are the same. A run that goes on from a checkpoint goes on with the numbers after those
    that it had begun.

    Parameters
    ----------
    source
        A data set with ``mode="online"``.
    splits
        Its sets ``train`` and ``val``.
    reservoir
        Samples in memory; by default as many as `source.samples` leaves for training.
    solvers
        Processes that solve.
    **how
        Arguments of :class:`Batches`.

    Raises
    ------
    InputError
        If an argument is out of its bounds, `workers` among them: only the training process itself
        sees new samples.
    """

    def __init__(
        self,
        source: SolvedDataset,
        splits: dict[str, FieldSet],
        reservoir: int | None = None,
        solvers: int = 1,
        **how: Any,
    ) -> None:
        super().__init__(splits, **how)
        if self.workers:
            raise InputError(
                f"training.workers={self.workers}: the samples of data.mode=online are in memory "
                "already; use 0"
            )
        if solvers < 1:
            raise InputError(f"training.solvers={solvers}: use 1 or more")
        self.source, self.first, self.solvers = source, splits["train"], solvers
        self.history, self.steps = self.windows["train"].history, self.windows["train"].steps
        usual = source.samples - 2 * source.held_out
        self.stock: Buffer[Windows] = Buffer(
            usual if reservoir is None else reservoir, (self.seed, 1)
        )
        self.windows["train"] = RandomWindows(
            self.stock, usual * self.windows["train"].starts, (self.seed, 2)
        )  # type: ignore[assignment]
        self.stream: Stream | None = None
        self._begun, self._drawn = source.stored, 0

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Return batches from the stock, and begin to solve for more."""
        self.start()
        return super().train_dataloader()

    def start(self) -> None:
        """Fill the stock with the first samples, and let the processes begin."""
        if self.stream is not None:
            return
        again = self._begun > self.source.stored
        for i in range(min(len(self.first), self.stock.capacity)):
            self._accept(self.first.samples(slice(i, i + 1)).loaded(), again)
        trainer = self.trainer
        share = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        self.stream = Stream(
            self.source, self._accept, self.stock.close, self._begun, self.solvers, share
        )

    def report(self) -> dict[str, int]:
        """Return how many different samples were seen, and how many the solver has begun beyond
        the stored ones.
        """
        return {
            "unique_samples": self._drawn + self.stock.drawn,
            "solved_samples": self._next() - self.source.stored,
        }

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint needs to go on with new samples."""
        return {"begun": self._next(), "drawn": self._drawn + self.stock.drawn}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on behind the samples of a checkpoint."""
        self._begun, self._drawn = int(state_dict["begun"]), int(state_dict["drawn"])

    def teardown(self, stage: str) -> None:
        """End the processes."""
        self.close()

    def on_exception(self, exception: BaseException) -> None:
        """End the processes."""
        self.close()

    def close(self) -> None:
        """End the processes; the stock stays."""
        if self.stream is not None:
            self.stream.close()
        self.stock.close()

    def _next(self) -> int:
        return self._begun if self.stream is None else self.stream.next

    def _accept(self, fields: FieldSet, drawn: bool = False) -> bool:
        return self.stock.put(Windows(fields, self.history, self.steps), drawn)
