"""Atomic writes of files and folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurop.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, which replaces `path` when the block ends.

    A reader sees the old file or the complete new one. If the block fails, the old file stays. The
    folder is created if it is missing.

    Raises
    ------
    InputError
        If the folder cannot be made.

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
        yield part
        os.chmod(
            part, 0o666 & ~_umask()
        )  # some libraries write files that only their owner may read
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to write to, which replaces the folder `path` when the block ends.

    If the block fails, the old folder stays, and nothing else is left.

    Raises
    ------
    InputError
        If the folder cannot be made.

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
