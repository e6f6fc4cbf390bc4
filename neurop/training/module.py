"""The training step of a surrogate, under Lightning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from neurop.errors import InputError
from neurop.inference.domain import measure
from neurop.metrics.norms import relative_l2
from neurop.objectives.objective import Objective
from neurop.surrogate import Surrogate
from neurop.training.means import Means
from neurop.training.non_finite import check_loss
from neurop.training.optimizers.matrix_optimizer import MatrixOptimizer
from neurop.transforms.transform import Batch, Setting, Transform


class TrainingModule(lightning.LightningModule):
    r"""Lightning module that trains a surrogate: transforms of the batch, then an objective.

    It logs ``train/loss`` and its terms, ``val/relative_l2`` (relative L2 error of the trajectory,
    mean over examples and fields), further scores of the objective and ``lr``.

    Parameters
    ----------
    surrogate
        Surrogate to train.
    objective
        Loss to minimise.
    optimizer
        Function from parameters to optimizer, for example ``partial(torch.optim.AdamW, lr=1e-3)``.
    scheduler
        Function from optimizer and number of steps (infinite if the run has no end) to a schedule
        that advances at each step; None for a constant rate.
    augment
        Transforms of training batches, applied in this order.
    seed
        Seed of the random numbers of transforms and objective, which depend on seed and step only.

    Raises
    ------
    InputError
        If a transform does not apply to the grid or the problem; during training, if the loss or
        the validation error is not finite.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        objective: Objective,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[[Optimizer, float], LRScheduler] | None = None,
        augment: Sequence[Transform] = (),
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.surrogate, self.objective = surrogate, objective
        self.make_optimizer, self.make_scheduler = optimizer, scheduler
        self.augment, self.seed = tuple(augment), seed
        self.max_steps = -1  # of a trainer that does not count them itself
        self._scores = Means()
        for transform in self.augment:
            transform.check(self.setting)

    @property
    def setting(self) -> Setting:
        """Grid and statistics of the training data, for the transforms."""
        card, norm = self.surrogate.card, self.surrogate.input_norm
        anywhere = self.surrogate.net.resolution_invariant
        masked = any(known.role == "mask" for known in card.conditions)
        return Setting(card.grid, card.shape, norm, card.is_state, anywhere, masked)

    @property
    def monitor(self) -> str:
        """Name of the logged score whose smallest value marks the best weights."""
        return f"val/{self.objective.monitor}"

    def forward(self, frames: Tensor, steps: int = 1, given: Tensor | None = None) -> Tensor:
        """Return ``(batch, steps, channel, *grid)`` from ``(batch, history, channel, *grid)``."""
        return self.surrogate.trajectory(frames, steps, given)

    def losses(self, batch: Batch, number: Sequence[int] = ()) -> dict[str, Tensor]:
        """Return the terms of the loss of a batch, before any transform.

        Parameters
        ----------
        batch
            Inputs and targets.
        number
            Process and step, which distinguish this batch from others.
        """
        terms: dict[str, Tensor] = self.objective(
            self.surrogate, batch, np.random.default_rng((self.seed, *number))
        )
        return terms

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch, and log it."""
        number = self._number()
        # In 16 bits, rounding errors exceed the change of a field in a step.
        with torch.autocast(self.device.type, enabled=False):
            for i, transform in enumerate(self.augment):
                # Seeded by the step, so that a resumed run draws the same numbers.
                rng = np.random.default_rng((self.seed, *number, i))
                batch = transform(batch, self.setting, rng, self._progress())
        terms = self.losses(batch, number)
        loss = torch.stack(list(terms.values())).sum()
        if self._trainer is not None:
            check_loss(self, loss, index)
        self.log("train/loss", loss, on_step=True, on_epoch=False, sync_dist=True)
        self.log("train/loss_epoch", loss, on_step=False, on_epoch=True, sync_dist=True)
        if len(terms) > 1:
            self.log_dict({f"train/{name}": term for name, term in terms.items()}, sync_dist=True)
        if self.make_scheduler:
            self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"])
        return loss

    def batch_scores(self, batch: Batch, index: int) -> dict[str, Tensor]:
        """Return the scores of a validation batch by name, each the mean over its examples."""
        target = batch["target"]
        given = batch.get("given")
        weights = measure(self.surrogate.card, target, given)
        predicted = self(batch["input"], target.shape[1], given)
        error = relative_l2(predicted, target, weights, self.surrogate.scale)
        # The same random numbers in every epoch, so that epochs are compared on equal terms.
        more = self.objective.scores(
            self.surrogate, batch, np.random.default_rng((self.seed, index))
        )
        return {"relative_l2": error.mean(), **more}

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add the scores of a batch."""
        self._scores.add(self.batch_scores(batch, index), len(batch["target"]))
        trainer = self.trainer
        numbers = (
            trainer.num_sanity_val_batches if trainer.sanity_checking else trainer.num_val_batches
        )
        # Before the callbacks of the end of the epoch, which read them.
        if index + 1 in numbers:
            self._log_scores()

    def _log_scores(self) -> None:
        strategy = self.trainer.strategy
        means = self._scores.reduced(lambda sums: strategy.reduce(sums, reduce_op="sum"))
        for name, value in means.items():
            self.log(
                f"val/{name}",
                value,
                on_step=False,
                on_epoch=True,
                batch_size=1,
                sync_dist=True,
                prog_bar=name == "relative_l2",
            )

    def on_train_epoch_end(self) -> None:
        """Raise InputError if the loss or the validation error is not finite."""
        for what, key in (("loss", "train/loss_epoch"), ("validation error", self.monitor)):
            value = float(self.trainer.callback_metrics.get(key, 0.0))
            if not math.isfinite(value):
                rate = self.trainer.optimizers[0].defaults.get("lr")
                raise InputError.of(
                    "lr",
                    rate,
                    f"the {what} became {value} in epoch {self.current_epoch + 1}; lower it, or "
                    "gradient_clip_val of the trainer",
                )

    def configure_optimizers(self) -> Any:
        """Return the optimizer and its schedule, advanced at each step."""
        chosen = getattr(self.make_optimizer, "keywords", {})
        # A fused optimizer unscales the gradients itself, after they would be clipped.
        mixed = self.trainer.precision.endswith("mixed")
        unfused = {"fused": False} if mixed and chosen.get("fused") else {}
        optimizer = self.make_optimizer(self.parameters(), **unfused)
        if isinstance(optimizer, MatrixOptimizer):
            optimizer.arrange(self)
        if self.make_scheduler is None:
            return optimizer
        schedule = self.make_scheduler(optimizer, self.steps())
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def steps(self) -> float:
        """Return the number of optimizer steps of the training; infinite if it has no end."""
        steps = float(self.trainer.estimated_stepping_batches)
        return min(steps, self.max_steps) if self.max_steps > 0 else steps

    def _number(self) -> tuple[int, ...]:
        """Return process and step."""
        if self._trainer is None:
            return ()
        return self.trainer.global_rank, self.trainer.fit_loop.total_batch_idx + 1

    def _progress(self) -> float:
        """Return the completed fraction of the training, the larger of epochs and steps."""
        if self._trainer is None:
            return 1.0
        now = self.trainer
        steps = max(self.max_steps, now.max_steps)
        ends = ((now.current_epoch, now.max_epochs or -1), (now.global_step, steps))
        return max((done / end for done, end in ends if end > 0), default=1.0)
