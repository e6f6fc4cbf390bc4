"""``neurop list [GROUP]``: the choices of the configuration, each with one line of description.

For data sets it also prints their cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from textwrap import fill

from neurop.errors import InputError, nearest

from ._cards import SHOWN, card, sentence, strip_markup
from ._console import table
from ._say import say

USAGE = "Usage: neurop list [GROUP]"


def run(words: Sequence[str]) -> None:
    """Print the options of one group, or of all; raise InputError for an unknown group."""
    found = groups()
    if len(words) > 1:
        raise InputError(f"it takes one group; choose from {', '.join(found)}")
    if words and words[0] not in found:
        raise InputError(f"no group '{words[0]}'; {nearest(words[0], found)}", "group", words[0])
    if words == ["data"]:
        _data(found["data"])
        return
    for name in words or found:
        table(
            name,
            ["choice", "what"],
            [[f"{name}={choice}", what] for choice, what in found[name].items()],
        )


def _data(known: dict[str, str]) -> None:
    """Print the cards of the data sets."""
    for name, what in known.items():
        say(f"data={name}  {what}")
        about = card(name)
        for heading in SHOWN:
            if heading in about:
                start = f"  {heading.lower():7} "
                # Full text, as abbreviated names of journals contain periods.
                text = (
                    strip_markup(about[heading])
                    if heading == "Source"
                    else sentence(about[heading])
                )
                say(fill(text, 120, initial_indent=start, subsequent_indent=" " * len(start)))


def groups() -> dict[str, dict[str, str]]:
    """Return, per group, each option with the first comment of its file."""
    found: dict[str, dict[str, str]] = {}
    for group in sorted(files("neurop.conf").iterdir(), key=lambda g: g.name):
        if not group.is_dir() or group.name in ("hydra", "__pycache__"):
            continue
        texts = {
            f.name.removesuffix(".yaml"): f.read_text(encoding="utf-8")
            for f in group.iterdir()
            if f.name.endswith(".yaml")
        }
        if texts:
            found[group.name] = {name: _comment(text) for name, text in sorted(texts.items())}
    return found


def _comment(text: str) -> str:
    """Return the first comment that is not an instruction to Hydra."""
    lines = (line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#"))
    return next((line for line in lines if line and not line.startswith("@")), "")
