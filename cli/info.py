"""``neurop info ckpt=RUN``: what a saved surrogate is, and BibTeX to cite it."""

from __future__ import annotations

from collections.abc import Sequence

from neurop.errors import InputError

from ._console import table
from ._say import say
from ._words import read_words

USAGE = "Usage: neurop info ckpt=RUN [--cite] [trust=PACKAGE,...]"


def run(words: Sequence[str]) -> None:
    """Print the card of a surrogate, or with ``--cite`` its BibTeX.

    Raises
    ------
    InputError
        If there is no such surrogate, or it cannot be read.
    """
    given = read_words(words, "ckpt", ["ckpt", "trust"], ["cite"])
    if "ckpt" not in given:
        raise InputError(f"it takes a surrogate; {USAGE[0].lower()}{USAGE[1:]}", "ckpt", None)
    from neurop.registry import trust_packages

    from ._citations import facts_of
    from ._runs import find

    trust_packages(given["trust"].strip("[]").split(",") if "trust" in given else [])
    checkpoint = find(given["ckpt"])
    facts, _ = facts_of(checkpoint)
    if given.get("cite") == "true":
        say(facts.bibtex(), end="")
        return
    surrogate = facts.surrogate
    say(f"{checkpoint.name}: {surrogate.name}, {facts.task}")
    say(f"  {surrogate.parameters_count():,} real parameters; {_resolution(surrogate.net)}")
    table(
        "Fields",
        ["name", "role", "unit", "what", "in training (mean ± deviation, or range)"],
        facts.fields(),
    )
    table("Grid", ["axis", "points", "domain", "unit", "boundary", "layout"], facts.axes())
    table("Model", ["setting", "value"], facts.arguments())
    table("Training data", ["what", "value"], facts.origin())
    if facts.scores:
        rows = [[s.label, s.value, s.unit, f"{s.data}, {s.split}"] for s in facts.scores]
        table("Scores", ["score", "value", "unit", "data"], rows)
    table("Versions", ["of", "version"], facts.versions())
    say(f"Cite {facts.citation or 'no reference known'}")
    say("  BibTeX of model, data and neurop: --cite")


def _resolution(net: object) -> str:
    if getattr(net, "resolution_invariant", True):
        return "one operator at every resolution"
    return "of the resolution of its training data"
