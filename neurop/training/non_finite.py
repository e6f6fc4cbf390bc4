"""A loss that is not finite ends the training at its step, and says what led there."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from neurop.errors import InputError

if TYPE_CHECKING:
    import lightning

EVERY = 50
"""Steps between two looks on a GPU, each of which waits for it."""


def check_loss(module: lightning.LightningModule, loss: Tensor, batch: int) -> None:
    """Raise InputError if the loss of a training step is not finite.

    With several processes the epoch's mean is looked at instead, by all of them.

    Parameters
    ----------
    module
        Module that is trained, with the gradients of the step before.
    loss
        Loss of the step.
    batch
        Number of the batch in its epoch.
    """
    trainer = module.trainer
    rare = loss.device.type != "cpu" and (trainer.global_step + 1) % EVERY
    if trainer.world_size > 1 or rare or math.isfinite(value := loss.item()):
        return
    where = f"step {trainer.global_step + 1} (epoch {trainer.current_epoch + 1}, batch {batch + 1}"
    where += f"{_samples(trainer, batch)})"
    largest = max(
        (float(p.grad.abs().max()) for p in module.parameters() if p.grad is not None), default=0.0
    )
    before = f"; the largest gradient before it was {largest:.3g}" if largest else ""
    rate = trainer.optimizers[0].defaults.get("lr")
    clip = trainer.gradient_clip_val
    name = "gradient_clip_val"
    limit = f"lower the trainer's {name}={clip}" if clip else f"set {name} of the trainer"
    raise InputError.of(
        "lr",
        rate,
        f"the loss became {value} in {where}{before}; lower it, {limit}, or look at these samples",
    )


def _samples(trainer: Any, batch: int) -> str:
    """Return the samples of a batch in the training split, as text; empty if they are not known."""
    loader = trainer.train_dataloader
    examples = getattr(loader, "dataset", None)
    ends = getattr(examples, "ends", None)
    if ends is None or loader.batch_size is None:
        return ""
    first = batch * loader.batch_size
    chosen = list(islice(loader.sampler, first, first + loader.batch_size))
    samples = sorted({int(np.searchsorted(ends, index, side="right")) for index in chosen})
    more = ", ..." if len(samples) > 8 else ""
    return f", samples {', '.join(map(str, samples[:8]))}{more} of the training split"
