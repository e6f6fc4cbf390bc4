"""Checkpoints of a training: the best weights, and the last state to resume from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from neurop.training.module import TrainingModule
from neurop.training.start_score import start_score

MONITOR = "val/relative_l2"


class SingleCheckpoint(ModelCheckpoint):
    """Store one checkpoint in a folder, which may be moved before the run is resumed."""

    def __init__(self, folder: Path | str, filename: str, **how: Any) -> None:
        super().__init__(folder, filename=filename, enable_version_counter=False, **how)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of the resumed run, with paths in the current folder."""
        path, score = self.format_checkpoint_name({}), state_dict["best_model_score"]
        here: dict[str, Any] = {"dirpath": self.dirpath, "last_model_path": ""}
        if state_dict["best_model_path"]:
            here["best_model_path"] = path
        if score is not None:
            here |= {"kth_best_model_path": path, "best_k_models": {path: score}}
        super().load_state_dict(state_dict | here)


class BestCheckpoint(SingleCheckpoint):
    """Store the checkpoint of the smallest validation score, and its surrogate in a model folder.

    So the surrogate of a run that has not ended, or never will, can be used like any other.

    Parameters
    ----------
    folder
        Folder of ``best.ckpt``.
    model
        Folder of the surrogate; None to write none.
    monitor
        Name of the score whose smallest value is the best.
    start
        Whether the weights before the first step are a candidate too.
    """

    def __init__(
        self,
        folder: Path | str,
        model: Path | None = None,
        monitor: str = MONITOR,
        start: bool = False,
    ) -> None:
        super().__init__(folder, "best", monitor=monitor)
        self.model, self.start = model, start

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Store the first checkpoint, of a run that is not resumed, if the start is a candidate."""
        super().on_train_start(trainer, pl_module)
        if not self.start or self.best_model_score is not None:
            return
        assert isinstance(pl_module, TrainingModule)
        score = start_score(trainer, pl_module)
        if score is not None:
            self._update_best_and_save(score, trainer, {pl_module.monitor: score})

    def _save_checkpoint(self, trainer: lightning.Trainer, filepath: str) -> None:
        super()._save_checkpoint(trainer, filepath)
        module = trainer.lightning_module
        if self.model is not None and trainer.is_global_zero and isinstance(module, TrainingModule):
            # Read back: the checkpoint has the averaged weights, where these are used.
            module.surrogate.save(self.model, surrogate_weights(filepath))


def surrogate_weights(path: str | Path) -> dict[str, Tensor]:
    """Return the weights and normalisers of the surrogate in a checkpoint."""
    state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)["state_dict"]
    prefix = "surrogate."
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }


def checkpoints(
    folder: Path | str, model: Path | None = None, monitor: str = MONITOR, start: bool = False
) -> tuple[BestCheckpoint, SingleCheckpoint]:
    """Return the callbacks for ``best.ckpt`` (validation score) and ``last.ckpt`` (each epoch).

    Arguments as in :class:`BestCheckpoint`.
    """
    # save_last would write last.ckpt only in the epochs in which best.ckpt is written. The later
    # callback stores the state of the earlier one.
    return BestCheckpoint(folder, model, monitor, start), SingleCheckpoint(
        folder, "last", save_on_train_epoch_end=True
    )
