"""End of a training whose validation error has stopped falling."""

from __future__ import annotations

from typing import Any

import lightning
from lightning.pytorch.callbacks import EarlyStopping

from neurop.errors import InputError
from neurop.training.callbacks.checkpoints import MONITOR


class StopEarly(EarlyStopping):
    r"""End the training after validations without a smaller error.

    With the errors :math:`e_1, e_2, \dots` of the validations, and the smallest one so far
    :math:`b`, it ends once :math:`e_i + \delta < b` has been false `patience` times in a row. A
    resumed run counts on; one that had ended so trains on only with more patience.

    The learning rate follows the length of the whole training, and has not reached its end then.

    Parameters
    ----------
    patience
        Number of validations.
    min_delta
        Decrease :math:`\delta` of the error that counts: relative L2, of ``objective=crps`` the
        fair CRPS.

    Raises
    ------
    InputError
        If the patience is below 1, or the decrease below 0.

    Examples
    --------
    >>> StopEarly(patience=3).monitor  # neurop.fit(..., callbacks=[StopEarly(3)])
    'val/relative_l2'
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise InputError.of("patience", patience, "give 1 validation or more")
        if not 0 <= min_delta < float("inf"):
            raise InputError.of("min_delta", min_delta, "give 0 or more")
        super().__init__(MONITOR, min_delta=min_delta, patience=patience, check_finite=False)

    def setup(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        """Follow the error that the best weights have."""
        super().setup(trainer, pl_module, stage)
        self.monitor = getattr(pl_module, "monitor", MONITOR)

    @property
    def state_key(self) -> str:
        """Key of the state in a checkpoint, whatever error is followed."""
        return self._generate_state_key(monitor=MONITOR, mode=self.mode)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the count of the earlier part of a run; the patience is that of this one."""
        super().load_state_dict(state_dict | {"patience": self.patience})

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """End a resumed run that had ended before."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Print why the training ended before its length."""
        if self.wait_count >= self.patience and trainer.is_global_zero:
            print(
                f"no smaller validation error in {self.wait_count} validations: the training ends "
                f"after {trainer.current_epoch} epochs",
                flush=True,
            )
