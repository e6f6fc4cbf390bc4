"""Checkpoints of a training: the best weights, and the last state to resume from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint

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


def checkpoints(
    folder: Path | str, monitor: str = MONITOR
) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """Return the callbacks for ``best.ckpt`` (validation score) and ``last.ckpt`` (each epoch)."""
    # save_last would write last.ckpt only in the epochs in which best.ckpt is written. The later
    # callback stores the state of the earlier one.
    return SingleCheckpoint(folder, "best", monitor=monitor), SingleCheckpoint(
        folder, "last", save_on_train_epoch_end=True
    )
