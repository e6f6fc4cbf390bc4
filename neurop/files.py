"""Atomic writes of files."""

from __future__ import annotations

import os
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"cannot be made ({error.strerror}); give a folder that can be written"
        raise InputError.in_file(path.parent, remedy) from error
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.chmod(
            part, 0o666 & ~_umask()
        )  # some libraries write files that only their owner may read
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
