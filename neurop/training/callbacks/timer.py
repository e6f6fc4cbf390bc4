"""Time, memory and best validation error of a training."""

from __future__ import annotations

import sys
import time
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from neurop.training.callbacks.checkpoints import MONITOR


class Timer(Callback):
    """Measure the time of a training, resumed runs included, and the time waiting for data.

    Attributes
    ----------
    waiting, stepping, count
        Seconds waiting for data, seconds in steps, and number of steps.
    """

    # Lightning's own, which it adds for max_time, has the name of the class.
    state_key = "neurop.Timer"

    def __init__(self) -> None:
        self.waiting = self.stepping = self._earlier = 0.0
        self.count = 0
        self._start = time.perf_counter()
        self._ended: float | None = None
        self._began = 0.0
        self._reached: dict[str, Any] = {}

    @property
    def share(self) -> float | None:
        """Share of the time spent waiting for data; None for fewer than two steps."""
        return self.waiting / (self.waiting + self.stepping) if self.waiting else None

    @property
    def trained(self) -> float:
        """Seconds in steps and waiting for data, without validation and checkpoints."""
        return self.waiting + self.stepping

    @property
    def total(self) -> float:
        """Elapsed seconds of training."""
        return self._earlier + time.perf_counter() - self._start

    def record(self) -> dict[str, Any]:
        """Return epochs, steps, seconds, memory and the best validation error of a training."""
        return {
            **self._reached,
            "train_seconds": round(self.trained, 2),
            "waiting_share": self.share and round(self.share, 4),
            "step_ms": round(1e3 * self.stepping / max(self.count, 1), 2),
        }

    def on_fit_start(self, *_: Any) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Store epochs, steps, seconds, memory and the best validation error."""
        monitors = [c for c in trainer.callbacks if isinstance(c, ModelCheckpoint)]  # type: ignore[attr-defined]
        chosen = next((c for c in monitors if (c.monitor or "").startswith("val/")), None)
        best = None if chosen is None else chosen.best_model_score
        self._reached = {
            "epochs": trainer.current_epoch,
            "steps": trainer.global_step,
            "seconds": round(self.total, 1),
            (chosen and chosen.monitor) or MONITOR: None if best is None else float(best),
            "peak_mb": peak_mb(pl_module.device),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the times to which a resumed run adds."""
        names = ("waiting", "stepping", "count")
        return {"total": self.total, **{name: getattr(self, name) for name in names}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the times of the earlier part of a run."""
        self._earlier = state_dict["total"]
        self.waiting, self.stepping = state_dict["waiting"], state_dict["stepping"]
        self.count = state_dict["count"]

    def on_train_epoch_start(self, *_: Any) -> None:
        """Exclude the time between epochs: validation and checkpoints."""
        self._ended = None

    def on_train_batch_start(self, *_: Any) -> None:
        """Stop the clock of the waiting time."""
        self._began = time.perf_counter()
        if self._ended is not None:
            self.waiting += self._began - self._ended

    def on_train_batch_end(self, *_: Any) -> None:
        """Start the clock of the waiting time."""
        self._ended = time.perf_counter()
        self.stepping += self._ended - self._began
        self.count += 1


def peak_mb(device: torch.device) -> float | None:
    """Return the largest memory of tensors on a GPU, or of the process on a CPU, in 10^6 bytes."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e6, 1)
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kB elsewhere
    return round(getrusage(RUSAGE_SELF).ru_maxrss / unit, 1)
