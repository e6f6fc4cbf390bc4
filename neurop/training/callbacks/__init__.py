"""What a run does beside its steps: checkpoints, averaged weights, progress."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import (
    Callback,
    EMAWeightAveraging,
    ModelCheckpoint,
    RichProgressBar,
)

from neurop.errors import InputError

MONITOR = "val/relative_l2"


class SingleCheckpoint(ModelCheckpoint):
    """Keep one file in a folder, wherever the folder was when the run began."""

    def __init__(self, folder: Path | str, filename: str, **how: Any) -> None:
        super().__init__(folder, filename=filename, enable_version_counter=False, **how)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state of the run that is continued."""
        path, score = self.format_checkpoint_name({}), state_dict["best_model_score"]
        here: dict[str, Any] = {"dirpath": self.dirpath, "last_model_path": ""}
        if state_dict["best_model_path"]:
            here["best_model_path"] = path
        if score is not None:
            here |= {"kth_best_model_path": path, "best_k_models": {path: score}}
        super().load_state_dict(state_dict | here)


def checkpoints(folder: Path | str) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """Return the callbacks that keep ``best.ckpt``, by the validation error, and after every
    epoch ``last.ckpt`` in `folder`.
    """
    # save_last would write last.ckpt in those epochs alone in which best.ckpt is written. The later
    # callback knows the other's state.
    return SingleCheckpoint(folder, "best", monitor=MONITOR), SingleCheckpoint(
        folder, "last", save_on_train_epoch_end=True
    )


def averaging(decay: float | None) -> list[Callback]:
    r"""Return the callback that averages the weights exponentially, :math:`\bar w \leftarrow
    d\,\bar w + (1-d)\,w`; none without a decay.

    Validation, checkpoints and the final surrogate use the averaged weights.

    Raises
    ------
    InputError
        If the decay is not in (0, 1).
    """
    if decay is None:
        return []
    if not 0 < decay < 1:
        raise InputError(
            f"training.ema={decay}; give a decay between 0 and 1, for example 0.999, or null"
        )
    return [EMAWeightAveraging(decay=decay)]


def progress(enabled: bool = True) -> list[Callback]:
    """Return a progress bar on a terminal, and one line per epoch everywhere else."""
    if not enabled:
        return []
    return [RichProgressBar(leave=False) if sys.stdout.isatty() else EpochLog()]


class Timer(Callback):
    """Measure how long a run takes, those before it that it continues included, and how long its
    steps wait for their batches.

    Attributes
    ----------
    seconds, steps, count
        Time from the end of one step to the begin of the next in the same epoch, time in the steps,
        and their number.
    """

    def __init__(self) -> None:
        self.seconds = self.steps = self._before = 0.0
        self.count = 0
        self._start = time.perf_counter()
        self._ended: float | None = None
        self._began = 0.0

    @property
    def share(self) -> float | None:
        """Share of the time that the steps wait; None before there were two."""
        return self.seconds / (self.seconds + self.steps) if self.seconds else None

    @property
    def total(self) -> float:
        """Seconds of training up to now."""
        return self._before + time.perf_counter() - self._start

    def on_fit_start(self, *_: Any) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def state_dict(self) -> dict[str, Any]:
        """Return what a run that continues this one counts on from."""
        return {
            "total": self.total,
            "seconds": self.seconds,
            "steps": self.steps,
            "count": self.count,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Count on from there."""
        self._before, self.seconds, self.steps, self.count = (
            state_dict[key] for key in ("total", "seconds", "steps", "count")
        )

    def on_train_epoch_start(self, *_: Any) -> None:
        """Leave out what lies between epochs: validation and checkpoints."""
        self._ended = None

    def on_train_batch_start(self, *_: Any) -> None:
        """Stop the clock of the waiting."""
        self._began = time.perf_counter()
        if self._ended is not None:
            self.seconds += self._began - self._ended

    def on_train_batch_end(self, *_: Any) -> None:
        """Start it again."""
        self._ended = time.perf_counter()
        self.steps += self._ended - self._began
        self.count += 1


class EpochLog(Callback):
    """Print one line after each epoch: losses, learning rate, seconds since the start and to
    come.
    """

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock."""
        self.start, self.first = time.perf_counter(), trainer.current_epoch

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Print the line."""
        if not trainer.is_global_zero:
            return
        done, total = trainer.current_epoch + 1, trainer.max_epochs or 0
        spent = time.perf_counter() - self.start
        numbers: dict[str, Any] = {
            name: trainer.callback_metrics.get(key)
            for name, key in (("train", "train/loss_epoch"), ("val", MONITOR))
        }
        shown = "  ".join(
            f"{name} {float(value):.4g}" for name, value in numbers.items() if value is not None
        )
        left = (
            f", {spent / (done - self.first) * (total - done):.0f} s to go" if total > done else ""
        )
        print(f"epoch {done}/{total}  {shown}  {spent:.0f} s{left}", flush=True)
