"""Checkpoints of a training: the best weights, and the last state to resume from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint

MONITOR = "val/relative_l2"


class SingleCheckpoint(ModelCheckpoint):
    """Store one checkpoint in a folder, which may have moved since the run began."""

    def __init__(self, folder: Path | str, filename: str, **how: Any) -> None:
        super().__init__(folder, filename=filename, enable_version_counter=False, **how)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state of the run that is continued."""
        path, score = self.format_checkpoint_name({}), state_dict["best_model_score"]
        here: dict[str, Any] = {"dirpath": self.dirpath, "last_model_path": ""}
        if state_dict["best_model_path"]:
            here["best_model_path"] = path
        if score is not None:
            here |= {"kth_best_model_path": path, "best_k_models": {path: score}}
        super().load_state_dict(state_dict | here)


def checkpoints(folder: Path | str) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """Return the callbacks that keep ``best.ckpt``, by the validation error, and after every
    epoch ``last.ckpt`` in `folder`.
    """
    # save_last would write last.ckpt in those epochs alone in which best.ckpt is written. The later
    # callback knows the other's state.
    return SingleCheckpoint(folder, "best", monitor=MONITOR), SingleCheckpoint(
        folder, "last", save_on_train_epoch_end=True
    )
