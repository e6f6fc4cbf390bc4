"""What a user can put right, said in one line."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Input that cannot be used: the message names the value, the bound and the remedy.

    The command line prints the message as one line and exits with status 2.
    """


class ExternalFailure(RuntimeError):
    """A failure of neither the input nor the program, such as a process that the system ended: one
    line that says what to do.

    The command line prints the message as one line and exits with status 1.
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean '...'?`` for a close match of `word`, else the words to choose from.

    Examples
    --------
    >>> nearest("fnno", ["fno", "tfno"])
    "did you mean 'fno'?"
    >>> nearest("xyz", ["fno", "tfno"])
    'choose from fno, tfno'
    """
    words = sorted(known)
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(words[:12])}"
