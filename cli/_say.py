"""The one way of the verbs to a terminal: control characters of others are shown, not sent."""

from __future__ import annotations

import sys
import traceback
from typing import TextIO

from neurop.printable import printable


def say(
    *texts: object, file: TextIO | None = None, sep: str = " ", end: str = "\n", flush: bool = False
) -> None:
    """Print as :func:`print` does, with control characters escaped."""
    text = printable(sep.join(map(str, texts)), lines=True)
    print(text, file=file or sys.stdout, end=end, flush=flush)


def say_traceback(error: BaseException) -> None:
    """Print the traceback of an error."""
    say("".join(traceback.format_exception(error)), file=sys.stderr, end="")
