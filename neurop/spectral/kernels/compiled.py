"""Compiled kernels in the cache: in a folder of the user alone, with the hash of each file."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from neurop.cache import cache_folder


class UnsafeFolder(PermissionError):
    """A folder of compiled files that others can write, or that is another user's."""


def compiled(name: str, build: Callable[[Path], None]) -> Path:
    """Return a compiled file of the cache; build it if it is missing or not what was stored.

    A file that was cut off, or that someone else put there, is not loaded: it would run in this
    process.

    Parameters
    ----------
    name
        Name of the file, with a hash of all that it is compiled from.
    build
        Function that writes the file to a path.

    Raises
    ------
    UnsafeFolder
        If others can write the folder.
    OSError
        If it cannot be written.
    """
    folder = private_folder()
    path = folder / name
    if not _is_stored(path):
        # Another process may compile too: each writes its own file, and the last rename wins. If
        # the hash of one meets the file of the other, the next process compiles again.
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / name
            build(made)
            note = Path(scratch) / "hash"
            note.write_text(_hash(made))
            note.replace(_note(path))
            made.replace(path)
    return path


def private_folder() -> Path:
    """Return the folder of the compiled files, made for this user alone.

    Raises
    ------
    UnsafeFolder
        If it is another user's, or can be written by others.
    OSError
        If it cannot be made.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = cache_folder() / f"kernels-{user}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = folder.lstat()
    remedy = "remove it, or set NEUROP_CACHE to a folder of your own"
    if not stat.S_ISDIR(about.st_mode):
        raise UnsafeFolder(f"{folder} is no folder; {remedy}")
    if hasattr(os, "getuid") and about.st_uid != user:
        raise UnsafeFolder(f"{folder} belongs to another user; {remedy}")
    if os.name == "posix" and about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeFolder(f"{folder} can be written by others; chmod go-w it, or {remedy}")
    return folder


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _is_stored(path: Path) -> bool:
    """Return whether a file is there, of this user, and as it was stored."""
    try:
        about = path.lstat()
        return (
            stat.S_ISREG(about.st_mode)
            and (not hasattr(os, "getuid") or about.st_uid == os.getuid())
            and _note(path).read_text() == _hash(path)
        )
    except (OSError, UnicodeDecodeError):
        return False


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
