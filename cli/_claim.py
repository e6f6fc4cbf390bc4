"""One writer per run folder: it is claimed before the first file, until the process ends."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from neurop.errors import InputError

LOCK = ".lock"
# File systems without locks.
_WITHOUT = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def claimed(folder: Path, chosen: bool) -> Iterator[Path]:
    """Claim a run folder; yield it, or the next number of its name if it is taken.

    Parameters
    ----------
    folder
        Folder of the run.
    chosen
        Whether the user named it. A folder that is named by the time may be that of another run
        that began in the same second.

    Raises
    ------
    InputError
        If another process writes to the chosen folder.
    """
    for number in count(1):
        place = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        if not chosen and _used(place):
            continue
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / LOCK, blocking=False)
        if not _taken(lock):
            if chosen:
                raise InputError(
                    f"{folder}: another process trains in this folder; wait until it ends, or give "
                    "another folder by hydra.run.dir=",
                    "hydra.run.dir",
                    str(folder),
                )
            continue
        # A shorter run may have started and ended since the first look.
        free = chosen or not _used(place)
        try:
            if free:
                yield place
        finally:
            (place / LOCK).unlink(missing_ok=True)
            lock.release()
        if free:
            return


def _taken(lock: BaseFileLock) -> bool:
    """Take a lock; return False if another process has it."""
    try:
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        if error.errno not in _WITHOUT:
            raise
    return True


def _used(folder: Path) -> bool:
    return folder.is_dir() and any(file.name != LOCK for file in folder.iterdir())
