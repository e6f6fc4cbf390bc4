"""Checks before the first batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from neurop.errors import InputError
from neurop.model_folder import mismatch
from neurop.surrogate import Surrogate
from neurop.training.optimizers.matrix_optimizer import MatrixOptimizer

PRECISIONS = ("32-true", "64-true", "bf16-mixed", "16-mixed")
"""Precisions of a training, by their names in Lightning."""
MOMENTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer")
"""Averages of an optimizer that have the shape of their weight."""


def check_modes(surrogate: Surrogate) -> None:
    """Raise InputError if the network has more modes than the training grid resolves.

    The weights of the others would never be used.
    """
    net, shape = surrogate.net, surrogate.card.shape
    modes, resolved = net.modes, net.resolved(shape)
    if modes is None or resolved is None:
        return
    for axis, n, m, most in zip(
        surrogate.card.grid.axes,
        shape,
        modes,
        resolved,
        strict=True,
    ):
        if m > most:
            raise InputError.of(
                "modes",
                modes,
                f"the {n} points of axis {axis.name} resolve {most} modes, not {m}; use {most} or "
                "fewer",
            )


def fewer_modes(surrogate: Surrogate) -> tuple[int, ...] | None:
    """Return the network's modes that the training grid resolves, per axis; None if all."""
    net, shape = surrogate.net, surrogate.card.shape
    modes, resolved = net.modes, net.resolved(shape)
    if modes is None or resolved is None:
        return None
    most = tuple(min(m, n) for m, n in zip(modes, resolved, strict=True))
    return None if most == tuple(modes) else most


def check_optimizer(
    make: Callable[[Iterator[nn.Parameter]], Optimizer],
    schedule: Callable[[Optimizer, float], LRScheduler] | None,
    trainer: lightning.Trainer,
) -> None:
    """Raise InputError if optimizer or schedule do not take their arguments.

    Also if the schedule needs the number of steps and the training has no end, or the optimizer
    needs whole matrices and they are sharded over devices.
    """
    endless = trainer.max_epochs == -1 and trainer.max_steps == -1
    part = "optimizer"
    try:
        optimizer = make(iter([nn.Parameter(torch.zeros(1))]))
        if schedule is not None:
            part = "scheduler"
            schedule(optimizer, math.inf if endless else 1.0)
    except InputError:
        raise
    except (ValueError, TypeError) as error:
        raise InputError(f"{part}: {error}", part) from error
    sharding = (FSDPStrategy, ModelParallelStrategy)
    if isinstance(optimizer, MatrixOptimizer) and isinstance(trainer.strategy, sharding):
        remedy = "needs whole weights, which the strategy shards over devices; use adamw"
        raise InputError.of("optimizer", type(optimizer).__name__, remedy)


def check_precision(trainer: lightning.Trainer) -> None:
    """Raise InputError for a precision in which a surrogate cannot be trained.

    With Fourier transforms and normalisers in 16 bits, rounding errors exceed the change of a field
    in a step.
    """
    if trainer.precision not in PRECISIONS:
        raise InputError.of("precision", trainer.precision, f"choose from {', '.join(PRECISIONS)}")


def check_counts(trainer: lightning.Trainer) -> None:
    """Raise InputError for a number of batches or epochs below 1, or without a validation."""
    for name in ("accumulate_grad_batches", "check_val_every_n_epoch"):
        value = getattr(trainer, name)
        if value is not None and value < 1:
            raise InputError.of(name, value, "give 1 or more")
    every, epochs = trainer.check_val_every_n_epoch, trainer.max_epochs
    if every is not None and epochs is not None and 0 < epochs < every:
        remedy = f"there would be no validation in {epochs} epochs; give {epochs} or fewer"
        raise InputError.of("check_val_every_n_epoch", every, remedy)


def check_clipping(trainer: lightning.Trainer) -> None:
    """Raise InputError for a bound on the norm of gradients that are sharded over devices."""
    if isinstance(trainer.strategy, FSDPStrategy) and trainer.gradient_clip_val:
        raise InputError.of(
            "gradient_clip_val",
            trainer.gradient_clip_val,
            "the norm of sharded gradients cannot be bounded; give null",
        )


def check_checkpoint(
    path: Path, module: lightning.LightningModule, epochs: int | None = None
) -> None:
    """Raise InputError unless training can continue from a checkpoint.

    Parameters
    ----------
    path
        Path of a Lightning checkpoint.
    module
        Module to load it into.
    epochs
        Number of epochs of the training; None or -1 for no limit.

    Raises
    ------
    InputError
        If the file is missing or damaged, its weights are of another shape, or it has more epochs
        than the training.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint; {_instead(path)}", "resume", str(path))
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        state, done = _weights_and_epochs(saved)
        shapes = _optimizer_shapes(saved)
    except PermissionError:
        raise
    except Exception as error:  # a damaged file can raise anything in the unpickler
        raise InputError(
            f"{path}: damaged, or no checkpoint ({type(error).__name__}); {_instead(path)}",
            "resume",
            str(path),
        ) from error
    if different := mismatch(module.state_dict(), state):
        key, mine, theirs = different
        raise InputError(
            f"{path}: {key} has shape {theirs} there and {mine} by the settings; resume with "
            "those that the run began with",
            "resume",
            str(path),
        )
    weights = [tuple(weight.shape) for weight in module.parameters()]
    for index, shape in shapes:
        # A fused optimizer would write outside of its arrays.
        if index >= len(weights) or weights[index] != shape:
            raise InputError(
                f"{path}: the state of the optimizer has shape {shape} for weight {index}, which "
                f"is not its own; {_instead(path)}",
                "resume",
                str(path),
            )
    if epochs is not None and 0 <= epochs < done:
        raise InputError.of(
            "max_epochs", epochs, f"{path} has {done} completed epochs; give {done} or more"
        )


def _weights_and_epochs(saved: dict[str, Any]) -> tuple[dict[str, torch.Tensor], int]:
    return saved["state_dict"], int(saved["epoch"]) + 1


def _optimizer_shapes(saved: dict[str, Any]) -> list[tuple[int, tuple[int, ...]]]:
    """Return the index of each weight and the shapes of its averages in the optimizer."""
    saved["lr_schedulers"], saved["loops"]["fit_loop"]  # without which nothing can go on
    return [
        (int(index), tuple(value.shape))
        for optimizer in saved["optimizer_states"]
        for index, values in optimizer["state"].items()
        for name, value in values.items()
        if name in MOMENTS
    ]


def _instead(path: Path) -> str:
    """Return the remedy for an unusable last checkpoint: the best checkpoint, if it is usable."""
    best = path.with_name("best.ckpt")
    try:
        _, done = _weights_and_epochs(torch.load(best, map_location="cpu", weights_only=True))
    except Exception:
        return "start a new run"
    return f"copy {best} to {path.name} to continue after epoch {done}, or start a new run"
