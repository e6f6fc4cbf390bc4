"""End of a training after a number of steps."""

from __future__ import annotations

import lightning
from lightning.pytorch.callbacks import Callback

from neurop.training.module import TrainingModule


class StepLimit(Callback):
    """End a training after the ``max_steps`` of its trainer, with a validation.

    The validation takes place also within an epoch, so that the best weights are found among all.
    The limit moves from the trainer to the module: with one of its own, Lightning begins a resumed
    run with an epoch without batches, and numbers the next epochs differently.
    """

    def setup(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        """Move the limit."""
        if trainer.max_steps != -1:
            assert isinstance(pl_module, TrainingModule)
            pl_module.max_steps = trainer.max_steps
            trainer.fit_loop.epoch_loop.max_steps = -1

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """End a resumed run at once if it has made all steps."""
        self._stop(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: object
    ) -> None:
        """Ask for the validation with which Lightning ends a training."""
        self._stop(trainer, pl_module)

    def _stop(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, TrainingModule)
        if 0 < module.max_steps <= trainer.global_step:
            trainer.should_stop = True
            trainer.check_val_every_n_epoch = 1  # else Lightning ends in some epochs without one
