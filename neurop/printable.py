"""Text of others on a terminal: control characters are shown, not sent."""

from __future__ import annotations

import unicodedata

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text after them."""


def printable(text: object, lines: bool = False) -> str:
    r"""Return text in which control characters are escaped as in a string of Python.

    A name in a file may contain them: they colour, move, overwrite or turn what a terminal shows.

    Parameters
    ----------
    text
        Text, or a value that is shown.
    lines
        Whether ends of lines and tabs stay.

    Examples
    --------
    >>> print(printable("u\x1b[31m\r\u202e m"))
    u\x1b[31m\r\u202e m
    >>> print(printable("a\nb"), printable("ß °C"))
    a\nb ß °C
    """
    kept = "\n\t" if lines else ""
    return "".join(c if c in kept or not _is_control(c) else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _is_control(character: str) -> bool:
    return character in _DIRECTIONS or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
