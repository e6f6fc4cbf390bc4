"""``neurop doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from neurop.doctor.check import Check

from ._console import table
from ._say import say
from ._words import read_words

TOPICS = ("packages", "settings", "devices", "kernels", "folders", "programs")
"""Modules of :mod:`neurop.doctor`, each with a function ``check_<topic>``."""
USAGE = "Usage: neurop doctor [json=FILE]"


def run(words: Sequence[str]) -> int:
    """Print the checks, and write them as JSON; return 1 if something asked for cannot work.

    Raises
    ------
    InputError
        For a word that is no setting.
    """
    given = read_words(words, None, ["json"])
    found = {topic: list(_checks(topic)) for topic in TOPICS}
    for topic, checks in found.items():
        if checks:
            rows = [[c.state, c.name, c.found, c.remedy or None] for c in checks]
            table(topic, ["state", "what", "found", "what to do"], rows)
    failing = [check for checks in found.values() for check in checks if check.state == "fails"]
    if "json" in given:
        from ._output import write_json

        plain = {topic: [asdict(c) for c in checks] for topic, checks in found.items()}
        write_json(Path(given["json"]), {"fails": len(failing), "checks": plain})
    for check in failing:
        say(f"fails: {check.name}: {check.found}; {check.remedy}")
    if not failing:
        say("all that was asked for works")
    if "json" in given:
        say(f"wrote {given['json']}")
    return int(bool(failing))


def _checks(topic: str) -> Iterator[Check]:
    """Yield the checks of a topic; if a package that it needs cannot be imported, that."""
    try:
        look = getattr(importlib.import_module(f"neurop.doctor.{topic}"), f"check_{topic}")
    except (ImportError, OSError) as error:
        from neurop.extras import advice

        cause = (str(error) or type(error).__name__).splitlines()[0]
        package = getattr(error, "name", None) or "torch"
        yield Check(topic, "fails", f"cannot be looked at: {cause}", advice(package))
        return
    yield from look()
