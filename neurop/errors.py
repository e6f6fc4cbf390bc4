"""Errors that the user can correct, each with a message of one line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from os import PathLike
from typing import Any


class InputError(ValueError):
    """Input that cannot be used: the message names the value, the bound and the remedy.

    The command line prints the message as one line and exits with status 2.

    Parameters
    ----------
    message
        Text of one line.
    key
        Name of the argument that is wrong; the command line translates it to its own key.
    value
        Value of that argument.

    Examples
    --------
    >>> error = InputError.of("modes", 40, "16 points resolve 8; use 8 or fewer")
    >>> error.key, error.value, str(error)
    ('modes', 40, 'modes=40: 16 points resolve 8; use 8 or fewer')
    """

    def __init__(self, message: str, key: str | None = None, value: Any = None) -> None:
        super().__init__(message)
        self.key, self.value = key, value

    @classmethod
    def of(cls, key: str, value: Any, remedy: str) -> InputError:
        """Return the error ``key=value: remedy``."""
        shown = list(value) if isinstance(value, tuple) else value
        return cls(f"{key}={shown}: {remedy}", key, value)

    @classmethod
    def in_file(cls, path: str | PathLike[str], what: str) -> InputError:
        """Return the error ``path: what`` about a file or a folder; its key is ``path``.

        Examples
        --------
        >>> error = InputError.in_file("a.h5", "no such file; correct the path")
        >>> error.key, error.value, str(error)
        ('path', 'a.h5', 'a.h5: no such file; correct the path')
        """
        return cls(f"{path}: {what}", "path", str(path))


class ExternalFailure(RuntimeError):
    """A failure of neither the input nor the program, such as a process that the system ended.

    The command line prints the message, which says what to do, as one line and exits with status 1.
    """


def nearest(word: object, known: Iterable[str]) -> str:
    """Return ``did you mean '...'?`` for a close match of `word`, else the words to choose from.

    Examples
    --------
    >>> nearest("fnno", ["fno", "tfno"])
    "did you mean 'fno'?"
    >>> nearest("xyz", ["fno", "tfno"])
    'choose from fno, tfno'
    """
    words = sorted(known)
    close = get_close_matches(str(word), words, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(words[:24])}"
