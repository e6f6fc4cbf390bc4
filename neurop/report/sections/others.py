"""Uncertainty, and results of other verbs in the run folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurop.report.blocks import Section
from neurop.report.pictures import of_file
from neurop.report.results import Results
from neurop.report.sections.generic import tables
from neurop.report.text import words

UNCERTAINTY = ("calibrate", "ensemble", "ensembles", "crps", "laplace", "uncertainty")
OWN = ("eval", "superres", "rollout", "train")
"""Verbs that have sections of their own."""
MOST_PICTURES = 4
"""Largest number of pictures of a verb."""


def uncertainty(results: Results) -> Section | None:
    """Return the results of calibration and of ensembles; None if there are none."""
    blocks = _blocks(results, lambda name: name in UNCERTAINTY)
    return Section("uncertainty", "Uncertainty", blocks) if blocks else None


def further(results: Results) -> Section | None:
    """Return the results of verbs without a section; None if there are none."""
    blocks = _blocks(results, lambda name: name not in (*UNCERTAINTY, *OWN))
    return Section("further", "Further results", blocks) if blocks else None


def _blocks(results: Results, chosen: Callable[[str], bool]) -> list[Any]:
    """Return the tables and the pictures of the chosen verbs."""
    blocks: list[Any] = []
    for name, record in results.folder.results().items():
        if not chosen(name):
            continue
        text = words(name)
        title = f"{text[:1].upper()}{text[1:]}"
        blocks += tables(title, record)
        files = sorted((results.folder.path / name).glob("*.png"))[:MOST_PICTURES]
        made = (of_file(file, f"{title}: {words(file.stem)}") for file in files)
        blocks += [one for one in made if one is not None]
    return blocks
