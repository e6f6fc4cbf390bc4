"""Uncertainty, and results of other verbs in the run folder."""

from __future__ import annotations

from neurop.report.blocks import Section
from neurop.report.results import Results
from neurop.report.sections.generic import tables
from neurop.report.text import words

UNCERTAINTY = ("calibrate", "ensemble", "ensembles", "crps", "laplace", "uncertainty")
OWN = ("eval", "superres", "rollout", "train")
"""Verbs that have sections of their own."""


def uncertainty(results: Results) -> Section | None:
    """Return the results of calibration and of ensembles; None if there are none."""
    found = {k: v for k, v in results.folder.results().items() if k in UNCERTAINTY}
    blocks = [one for name, record in found.items() for one in tables(_title(name), record)]
    return Section("uncertainty", "Uncertainty", blocks) if blocks else None


def further(results: Results) -> Section | None:
    """Return the results of verbs without a section; None if there are none."""
    known = (*UNCERTAINTY, *OWN)
    found = {k: v for k, v in results.folder.results().items() if k not in known}
    blocks = [one for name, record in found.items() for one in tables(_title(name), record)]
    return Section("further", "Further results", blocks) if blocks else None


def _title(name: str) -> str:
    text = words(name)
    return f"{text[:1].upper()}{text[1:]}"
