"""The training step of a surrogate, single or unrolled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from neurop.errors import InputError
from neurop.metrics.norms import by_field, relative_l2
from neurop.surrogate import Surrogate
from neurop.training.stability import Stability


class Operator(lightning.LightningModule):
    r"""Fit a surrogate in physical units.

    A batch with S target frames is predicted by S steps of the surrogate, each on its own
    predictions (S = 1: one-step training), and the loss is that of the whole trajectory; gradients
    flow through all steps.

    Logged: ``train/loss``, ``val/relative_l2`` (relative L2 of the stacked trajectory, mean over
    windows and fields), ``lr``.

    Parameters
    ----------
    surrogate
        What is trained.
    loss
        ``loss(prediction, truth, weights)`` of ``(batch, steps, channel, *grid)``, `weights` the
        grid's cell measure.
    optimizer
        From parameters to optimizer, for example ``partial(torch.optim.AdamW, lr=1e-3)``.
    scheduler
        From optimizer and number of steps (infinite if the run has no end) to a schedule that is
        moved on at each step; None keeps the rate.
    stability
        Noise and steps without gradient ahead of those of the loss; none by default.

    Raises
    ------
    InputError
        During training, if the loss or the validation error is no longer finite.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        loss: nn.Module,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[[Optimizer, float], LRScheduler] | None = None,
        stability: Stability | None = None,
    ) -> None:
        super().__init__()
        self.surrogate, self.loss = surrogate, loss
        self.make_optimizer, self.make_scheduler = optimizer, scheduler
        self.stability = stability or Stability()
        self._measures: dict[tuple[int, ...], Tensor] = {}

    def forward(self, frames: Tensor, steps: int = 1) -> Tensor:
        """Return ``(batch, steps, channel, *grid)`` from ``(batch, history, channel, *grid)``."""
        return self.surrogate.trajectory(frames, steps)

    def fit(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of a batch."""
        loss: Tensor = self.loss(
            self(batch["input"], batch["target"].shape[1]),
            batch["target"],
            self._measure(batch["target"]),
        )
        return loss

    def training_step(self, batch: dict[str, Tensor], index: int) -> Tensor:
        """Return the loss of a batch, and log it."""
        number = (
            (self.trainer.global_rank, self.trainer.fit_loop.total_batch_idx + 1)
            if self._trainer
            else ()
        )
        loss = self.fit(self.stability(self.surrogate, batch, number))
        self.log("train/loss", loss, on_step=True, on_epoch=False)
        self.log("train/loss_epoch", loss, on_step=False, on_epoch=True, sync_dist=True)
        if self.make_scheduler:
            self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"])
        return loss

    def validation_step(self, batch: dict[str, Tensor], index: int) -> None:
        """Log the error of a batch."""
        weights = self._measure(batch["target"])
        predicted = self(batch["input"], batch["target"].shape[1])
        error = relative_l2(
            by_field(predicted, weights), by_field(batch["target"], weights), weights
        )
        self.log(
            "val/relative_l2",
            error.mean(),
            batch_size=len(predicted),
            sync_dist=True,
            prog_bar=True,
        )

    def _measure(self, target: Tensor) -> Tensor:
        """Return the cell measure of the grid that a batch lies on."""
        shape = tuple(target.shape[3:])
        if shape not in self._measures:
            # Validation may come first, and a tensor made under inference_mode is of no use in
            # training.
            with torch.inference_mode(False):
                self._measures[shape] = torch.from_numpy(self.surrogate.grid.weights(shape)).to(
                    target.device, target.dtype
                )
        return self._measures[shape]

    def on_train_epoch_end(self) -> None:
        """Stop a training that has left the numbers."""
        for what, key in (("loss", "train/loss_epoch"), ("validation error", "val/relative_l2")):
            value = float(self.trainer.callback_metrics.get(key, 0.0))
            if not math.isfinite(value):
                rate = self.trainer.optimizers[0].defaults.get("lr")
                raise InputError(
                    f"the {what} became {value} in epoch {self.current_epoch}; lower "
                    f"optimizer.lr={rate} or trainer.gradient_clip_val"
                )

    def configure_optimizers(self) -> Any:
        """Return the optimizer and its schedule, moved on at each step."""
        chosen = getattr(self.make_optimizer, "keywords", {})
        # A fused step unscales the gradients itself, too late to clip them.
        mixed = self.trainer.precision.endswith("mixed")
        optimizer = self.make_optimizer(
            self.parameters(), **({"fused": False} if mixed and chosen.get("fused") else {})
        )
        if self.make_scheduler is None:
            return optimizer
        schedule = self.make_scheduler(optimizer, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
