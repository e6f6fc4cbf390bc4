"""One line of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "off", "fails"]


@dataclass(frozen=True)
class Check:
    """What was looked at, its state, what was found, and what to do.

    Parameters
    ----------
    name
        What was looked at.
    state
        ``ok``; ``off`` for what is missing and not needed by what works; ``fails`` for what was
        asked for and cannot work.
    found
        What was found.
    remedy
        What to do; empty if nothing has to be done.

    Examples
    --------
    >>> Check("torch", "ok", "2.13.0").remedy
    ''
    """

    name: str
    state: State
    found: str
    remedy: str = ""
