"""Online training: samples are generated during the training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows
from neurop.generation.buffer import Buffer, Stream
from neurop.generation.dataset import SolvedDataset
from neurop.generation.draws import Draws
from neurop.generation.storage import grouped
from neurop.problems import Problem
from neurop.training.loader import Loader


class RandomWindows(Dataset[dict[str, Tensor]]):
    """Windows drawn from a buffer of samples: a sample by its policy, then one of its windows.

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
    pass them on in memory: see :class:`neurop.generation.buffer.Buffer`. By default a step never
    waits for them. The normalisers are those of the stored samples. An epoch has as many examples
    as one of `source.samples` stored samples, so that the number of steps is the same. A resumed
    run continues after the last index that was started.

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
    draws
        Policy of the buffer and its watermark: a :class:`neurop.generation.draws.Draws` or a
        mapping of its parameters.
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
        draws: Draws | Mapping[str, Any] | None = None,
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
        self.draws = grouped(Draws, draws, "draws")
        windows = self.examples["train"]
        self.history, self.steps = windows.history, windows.steps
        usual = source.samples - 2 * source.held_out
        self.count = usual * int(windows.starts[0])
        self.capacity = self.usual_capacity(usual) if buffer is None else buffer
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
        first = (self.first.samples(slice(i, i + 1)) for i in range(len(self.first)))
        items = (item for fields in first for item in self.items(fields.loaded()))
        for item in islice(items, self.capacity):
            self.buffer.put(item, again)
        trainer = self.trainer
        share = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        self.stream = Stream(
            self.source, self._accept, self.buffer.close, self._next_number, self.solvers, share
        )

    def usual_capacity(self, samples: int) -> int:
        """Return the items of a buffer as large as a stored training set of so many samples."""
        return samples

    def items(self, fields: FieldSet) -> Iterator[Windows]:
        """Yield the items of the buffer that one sample makes: its windows together."""
        yield Windows(fields, self.history, self.steps)

    def report(self) -> dict[str, Any]:
        """Return what was drawn and solved, and who has waited for whom, times in seconds.

        ``unique_samples`` counts the distinct items of the buffer that were drawn, and
        ``solved_samples`` the samples that were solved online, over all parts of a resumed run; the
        others, of the last part: ``repeats`` the number of items by how often each was drawn,
        ``solver_seconds`` the time of the solvers, ``solver_wait`` and ``training_wait`` that of
        solvers and training in which each waited for the other.
        """
        stream, buffer = self.stream, self.buffer
        return {
            "unique_samples": self._drawn + buffer.drawn,
            "solved_samples": self._next() - self.source.stored,
            "repeats": {str(n): count for n, count in sorted(buffer.repeats.items()) if count},
            "solver_seconds": round(stream.seconds, 2) if stream else 0.0,
            "solver_wait": round(buffer.solver_wait, 2),
            "training_wait": round(buffer.training_wait, 2),
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
        self.buffer: Buffer[Windows] = Buffer(self.capacity, (*seed, 1), self.draws)
        self.examples["train"] = RandomWindows(self.buffer, self.count, (*seed, 2))

    def _next(self) -> int:
        return self._next_number if self.stream is None else self.stream.next

    def _accept(self, fields: FieldSet) -> bool:
        return all(self.buffer.put(item) for item in self.items(fields))
