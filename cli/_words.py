"""Arguments of the verbs that take plain words: one word, ``key=value`` and ``--flags``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neurop.errors import InputError, nearest


def read_words(
    words: Sequence[str], word: str | None, keys: Iterable[str], flags: Iterable[str] = ()
) -> dict[str, str]:
    """Return the values of the keys that are given; a flag has the value ``true``.

    Parameters
    ----------
    words
        Arguments after the verb.
    word
        Key of an argument without ``key=``; None if there is none.
    keys, flags
        Keys that are known; ``flags`` are also written ``--key``.

    Raises
    ------
    InputError
        If a key is unknown, a value empty, or an argument given twice.

    Examples
    --------
    >>> read_words(["runs/a", "--cite"], "ckpt", ["ckpt"], ["cite"])
    {'ckpt': 'runs/a', 'cite': 'true'}
    """
    known, switches, found = [*keys, *flags], list(flags), dict[str, str]()
    for given in words:
        key, equals, value = given.partition("=")
        if given.startswith("--") and not equals:
            key, value = given[2:], "true"
            if key not in switches:
                choices = [f"--{name}" for name in switches]
                raise InputError(f"no flag '{given}'; {nearest(given, choices or known)}", key)
        elif not equals and word is not None:
            key, value = word, given
        if key not in known:
            raise InputError(f"no setting '{key}'; {nearest(key, known)}", key, value)
        if not value:
            raise InputError.of(key, value, "give a value")
        if key in found:
            raise InputError.of(key, value, f"given twice, first {found[key]}; leave one out")
        if key in switches and value not in ("true", "false"):
            raise InputError.of(key, value, "give true or false")
        found[key] = value
    return found
