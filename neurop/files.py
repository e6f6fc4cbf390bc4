"""Atomic writes of files and folders."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from neurop.errors import InputError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def write_failure(error: BaseException) -> str | None:
    """Return why the system did not write, if that was the error; None otherwise.

    Libraries that write by themselves have errors of their own, whose text contains the reason.

    Examples
    --------
    >>> write_failure(RuntimeError("file write failed: errno = 28, 'No space left on device'"))
    'No space left on device'
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return error.strerror
    return next((why for why in map(os.strerror, _FULL[:3]) if why in str(error)), None)


@contextmanager
def _named(path: Path, part: Path) -> Iterator[None]:
    """Turn an error of writing a temporary file into one line about the file that it is for."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = write_failure(error)
        if isinstance(error, PermissionError) and error.filename in (str(part), part):
            reason = error.strerror
        if reason is None:
            raise
        raise InputError.in_file(
            path, f"cannot be written ({reason}); free space, or give another place"
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, which replaces `path` when the block ends.

    A reader sees the old file or the complete new one. If the block fails, the old file stays. The
    folder is created if it is missing.

    Raises
    ------
    InputError
        If the folder cannot be made, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.txt")
    >>> with replacing(path) as part:
    ...     _ = part.write_text("all of it")
    >>> path.read_text()
    'all of it'
    """
    part = _part_of(path)
    try:
        with _named(path, part):
            yield part
            # Some libraries write files that only their owner may read.
            os.chmod(part, 0o666 & ~_umask())
            os.replace(part, path)
    finally:
        with suppress(OSError):  # on a disk without rights, where nothing was written
            part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to write to, which replaces the folder `path` when the block ends.

    If the block fails, the old folder stays, and nothing else is left.

    Raises
    ------
    InputError
        If the folder cannot be made or written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "store")
    >>> with replacing_folder(path) as part:
    ...     _ = (part / "a.txt").write_text("all of it")
    >>> [file.name for file in path.iterdir()]
    ['a.txt']
    """
    part = _part_of(path)
    old = part.with_suffix(".old")
    try:
        with _named(path, part):
            part.mkdir()
            yield part
            if path.exists():
                os.replace(path, old)
            os.replace(part, path)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        for each in (part, old):
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink(missing_ok=True)


def _part_of(path: Path) -> Path:
    """Return the temporary path next to a path, whose folder is made if it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"cannot be made ({error.strerror}); give a folder that can be written"
        raise InputError.in_file(path.parent, remedy) from error
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
