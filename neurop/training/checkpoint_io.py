"""Atomic writes of checkpoints."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins import TorchCheckpointIO

from neurop.files import replacing


class WholeCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint to a temporary file in its folder, then rename it.

    Lightning's own writer uses the folder for temporary files. On another file system its final
    move is a copy, and a process that is killed meanwhile leaves an incomplete checkpoint; a rename
    within one folder is atomic.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint; until it is complete on the disk, the earlier one stays."""
        path = Path(path)
        # Incomplete files of a process that was killed.
        for left in path.parent.glob(f".{path.name}.*.part"):
            left.unlink(missing_ok=True)
        # In memory first: on a full disk torch's writer ends the process, a file raises OSError.
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with replacing(path) as part, part.open("wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())


def write_whole(trainer: lightning.Trainer) -> None:
    """Make a trainer write checkpoints atomically, unless it has a writer of its own."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = WholeCheckpointIO()
