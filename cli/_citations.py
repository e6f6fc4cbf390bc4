"""The facts of a checkpoint, with the scores of its run and the reference of its data set."""

from __future__ import annotations

from neurop.sharing.facts import Facts
from neurop.sharing.scores import scores_of
from neurop.surrogate import Surrogate

from ._cards import card, strip_markup
from ._runs import Checkpoint


def facts_of(checkpoint: Checkpoint) -> tuple[Facts, list[str]]:
    """Return the facts of a checkpoint, and notes on files of its run that were left out.

    The reference of the data is that of their file (``attribution``), else that of the card of a
    data set of neurop.
    """
    outputs = Surrogate.load(checkpoint.model).card.outputs if checkpoint.run else ()
    scores, notes = scores_of(checkpoint.run, outputs)
    facts = Facts.of(checkpoint.model, tuple(scores))
    if not facts.reference and facts.data != "file":
        facts = facts.cited(strip_markup(card(facts.data).get("Source", "")))
    return facts, notes
