"""Memory and time of a training step, measured before the first one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.data import default_collate

from neurop.tensor_memory import peak_bytes
from neurop.training.callbacks.timer import peak_mb
from neurop.training.module import TrainingModule
from neurop.training.optimizers.matrix_optimizer import MatrixOptimizer

_MOMENTS = 2  # of Adam
_PASSES = 3  # passes that are timed, after those that make caches and count memory
_READ = 8  # batches that are read


@dataclass(frozen=True)
class Estimate:
    """Size and cost of a training step on one device.

    Parameters
    ----------
    parameters
        Number of real trainable parameters.
    state_mb
        Memory of weights, gradients and the state of the optimizer (that of Adam, unless it knows
        its own), in 10^6 bytes.
    step_mb
        Largest memory of the tensors of a forward and backward pass, in 10^6 bytes; None if another
        profile is made meanwhile.
    process_mb
        Largest memory of the process, in 10^6 bytes: what it has taken for the passes that were
        measured, freed pieces that the allocator keeps included, and the state of the optimizer.
        None on a GPU.
    step_ms
        Median time of forward and backward pass, without the optimizer, in milliseconds.
    """

    parameters: int
    state_mb: float
    step_mb: float | None
    process_mb: float | None
    step_ms: float


def estimate(
    module: TrainingModule, batch: dict[str, Tensor], optimizer: Optimizer | None = None
) -> Estimate:
    """Measure a forward and backward pass on a batch; weights and random state do not change."""
    trained = [p for p in module.parameters() if p.requires_grad]
    device = batch["input"].device

    def both() -> None:
        loss = torch.stack(list(module.losses(batch).values())).sum()
        torch.autograd.grad(loss, trained, allow_unused=True)

    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        torch.enable_grad(),
    ):
        both()
        memory, times = peak_bytes(both, device), []
        for _ in range(_PASSES):
            _wait(device)
            start = time.perf_counter()
            both()
            _wait(device)
            times.append(time.perf_counter() - start)
    weights = sum(p.numel() * p.element_size() for p in trained) / 1e6
    kept = _MOMENTS * weights
    if isinstance(optimizer, MatrixOptimizer):
        kept = optimizer.state_bytes() / 1e6
    number = sum(p.numel() for p in trained)
    step = None if memory is None else memory / 1e6
    taken = peak_mb(device) if device.type == "cpu" else None
    process = None if taken is None else taken + kept
    return Estimate(number, 2 * weights + kept, step, process, median(times) * 1e3)


def reading_ms(examples: Any, batch_size: int) -> float:
    """Return the mean time to read a batch of consecutive examples, in milliseconds.

    Several are read, since a chunk of a file may hold many examples.
    """
    number = min(_READ * batch_size, len(examples) // batch_size * batch_size)
    start = time.perf_counter()
    for first in range(0, number, batch_size):
        default_collate([examples[i] for i in range(first, first + batch_size)])
    return 1e3 * (time.perf_counter() - start) * batch_size / number if number else 0.0


class Preflight(Callback):
    """Print parameters, modes, memory and time of a step before the first batch."""

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Measure on the first windows of the training set, on the full grid."""
        if not trainer.is_global_zero:
            return
        assert isinstance(pl_module, TrainingModule)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        examples = data.examples["train"]
        batch = default_collate([examples[i] for i in range(min(data.batch_size, len(examples)))])
        batch = {name: values.to(pl_module.device) for name, values in batch.items()}
        batch = trainer.precision_plugin.convert_input(batch)
        with trainer.precision_plugin.forward_context():
            found = estimate(pl_module, batch, trainer.optimizers[0])
        surrogate = pl_module.surrogate
        size = " x ".join(map(str, surrogate.card.shape))
        lines = [
            f"{found.parameters:,} real parameters; batches of {len(batch['input'])} on {size} "
            "points"
        ]
        modes, nyquist = surrogate.net.modes, surrogate.net.nyquist(surrogate.card.shape)
        if modes is not None and nyquist is not None:
            most = " x ".join(map(str, nyquist))
            lines.append(
                f"modes {' x '.join(map(str, modes))} of the {most} below the grid's Nyquist "
                "frequency"
            )
        step = "" if found.step_mb is None else f" and {found.step_mb:.3g} MB of tensors for a step"
        lines.append(f"memory about {found.state_mb:.3g} MB for weights and optimizer{step}")
        if found.process_mb is not None:
            lines[-1] += f", {found.process_mb:.4g} MB for the process"
        reading = 0.0 if data.workers else reading_ms(examples, data.batch_size)
        which = f", {reading:.3g} ms of it to read a batch" if reading > found.step_ms / 20 else ""
        lines.append(
            f"time about {found.step_ms + reading:.3g} ms per step{which}, "
            f"{trainer.num_training_batches} steps per epoch"
        )
        print("\n".join(f"  {line}" for line in lines), flush=True)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
