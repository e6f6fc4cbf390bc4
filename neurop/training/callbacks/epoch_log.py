"""Progress of a training: a progress bar on a terminal, otherwise a line per epoch."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback, RichProgressBar

from neurop.training.callbacks.checkpoints import MONITOR


def progress_callbacks(enabled: bool = True) -> list[Callback]:
    """Return the callback for progress: a bar on a terminal, otherwise one line per epoch."""
    if not enabled:
        return []
    return [RichProgressBar(leave=False) if sys.stdout.isatty() else EpochLog()]


class EpochLog(Callback):
    """Print one line after each epoch: losses, elapsed and remaining seconds."""

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
        done, total = trainer.current_epoch + 1, max(trainer.max_epochs or 0, 0)
        steps = getattr(pl_module, "max_steps", -1)
        if not total and steps > 0:
            # The last batch of an epoch makes a step, with those that have accumulated.
            each = math.ceil(trainer.num_training_batches / trainer.accumulate_grad_batches)
            total = math.ceil(steps / each)
        spent = time.perf_counter() - self.start
        numbers: dict[str, Any] = {
            name: trainer.callback_metrics.get(key)
            for name, key in (
                ("train", "train/loss_epoch"),
                ("val", getattr(pl_module, "monitor", MONITOR)),
            )
        }
        shown = "  ".join(
            f"{name} {float(value):.4g}" for name, value in numbers.items() if value is not None
        )
        left = (
            f", {spent / (done - self.first) * (total - done):.0f} s to go" if total > done else ""
        )
        print(f"epoch {done}/{total}  {shown}  {spent:.0f} s{left}", flush=True)
