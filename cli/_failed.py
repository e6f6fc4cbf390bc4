"""A training that failed before its first checkpoint leaves no folder that looks like a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ._claim import LOCK
from ._errors import explain

_STARTED = ("config.yaml", "overrides.yaml", "versions.json", "metrics.csv", "metrics.before.csv")


@contextmanager
def cleared(folder: Path) -> Iterator[None]:
    """Remove the first files of a run after an error that the user can correct.

    Files stay where there was something before, and with a checkpoint, from which a run goes on.

    Parameters
    ----------
    folder
        Folder of the run, which is claimed.
    """
    fresh = all(file.name == LOCK for file in folder.iterdir())
    try:
        yield
    except Exception as error:
        kept = any(folder.glob("checkpoints/**/*.ckpt")) or (folder / "model").exists()
        if fresh and not kept and explain(error, lambda: ([], {})) is not None:
            with suppress(OSError):
                for name in _STARTED:
                    (folder / name).unlink(missing_ok=True)
                for empty in sorted(folder.glob("checkpoints/**/"), reverse=True):
                    empty.rmdir()
        raise
