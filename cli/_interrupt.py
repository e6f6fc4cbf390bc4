"""What a training leaves that was stopped from outside, and the command that continues it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ._runs import LAST, quoted

if TYPE_CHECKING:
    from lightning import Trainer


class Terminated(KeyboardInterrupt):
    """End by SIGTERM, as a batch system sends it before the time limit."""

    status, what = 143, "terminated"


class Progress:
    """Progress of a training, for the message of an interruption.

    Parameters
    ----------
    verb
        Verb that trains.
    """

    trainer: Trainer | None = None

    def __init__(self, verb: str = "train") -> None:
        self.verb = verb

    def __str__(self) -> str:
        """Return ``epoch 3 of 10``; empty before the training starts."""
        if self.trainer is None:
            return ""
        most = self.trainer.max_epochs or 0
        return f"epoch {self.trainer.current_epoch + 1}" + (f" of {most}" if most > 0 else "")


@contextmanager
def explained(folder: Path, progress: Progress) -> Iterator[None]:
    """Add to an interruption where it was, and how the run is continued.

    Raises
    ------
    KeyboardInterrupt
        For Ctrl-C inside the block; its text says what the folder holds. For SIGTERM it is
        :class:`Terminated`.
    """
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        # Lightning ends a fit that Ctrl-C stopped with exit(1).
        pressed = isinstance(stop, KeyboardInterrupt) or isinstance(
            stop.__context__, KeyboardInterrupt
        )
        terminated = isinstance(stop, SIGTERMException)
        if not pressed and not terminated:
            raise
        text = standing(folder, progress)
        raise (Terminated if terminated else KeyboardInterrupt)(text) from stop


def standing(folder: Path, progress: Progress) -> str:
    """Return where a training is, and how it is continued."""
    where = f"in {progress}" if str(progress) else "before the first epoch"
    if (folder / LAST).is_file():
        return f"{where}; to continue: neurop {progress.verb} resume={quoted(str(folder))}"
    return f"{where}; {folder} has no complete epoch yet, so the run starts anew"
