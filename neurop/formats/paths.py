"""From what a user writes to files."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from neurop.errors import InputError


def find_files(given: str | Sequence[str]) -> list[str]:
    """Return the files of a path, of a pattern, or of a list of both, each once and sorted within a
    pattern.

    Raises
    ------
    InputError
        If a pattern fits no file.
    """
    files: list[str] = []
    for item in [given] if isinstance(given, str) else given:
        path = os.path.expanduser(str(item))
        fit = (
            sorted(glob.glob(path, recursive=True))
            if glob.has_magic(path) and not os.path.exists(path)
            else [path]
        )
        if not fit:
            raise InputError(f"{item}: no file fits this pattern; correct it")
        files += fit
    if not files:
        raise InputError("data.path is empty; give a file")
    return list(dict.fromkeys(files))
