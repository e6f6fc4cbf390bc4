"""Find the files that a path or a pattern names."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from neurop.errors import InputError


def find_files(given: str | Sequence[str]) -> list[str]:
    """Return the files of a path, of a pattern, or of a list of both.

    Each file occurs once; those of one pattern are sorted.

    Raises
    ------
    InputError
        If no file matches a pattern.
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
            raise InputError.in_file(item, "no file matches this pattern; correct it")
        files += fit
    if not files:
        raise InputError.of("path", given, "give a file")
    return list(dict.fromkeys(files))
