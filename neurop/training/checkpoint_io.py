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
    """Write a checkpoint next to its place, then move it there.

    Lightning's own writer goes through the folder for temporary files; where that is on another
    file system, moving is copying, and a process that is killed meanwhile leaves half a file in
    place of the earlier checkpoint. Within one folder, a move is one step.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint; until all of it is on the disk, the earlier one stays."""
        path = Path(path)
        # A process that was killed meanwhile leaves as much as it had written.
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
    """Have a trainer write whole checkpoints, unless it was given a writer of its own."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = WholeCheckpointIO()
