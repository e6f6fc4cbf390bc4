"""Folders for the results of the evaluations of a run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ._runs import Checkpoint


def results_folder(
    checkpoint: Checkpoint, verb: str, data: str, settings: Mapping[str, Any], own: bool
) -> Path:
    """Return the folder for the results of a verb; results of other data have folders of their own.

    Those on the data of the run are in ``<verb>/`` of the run. Those of a file are in
    ``<verb>-<file>/``, of another data set in ``<verb>-<data>/``; if there are results of again
    other data, the folder gets a number.

    Parameters
    ----------
    checkpoint
        Surrogate.
    verb
        Name of the verb, and of its record ``<verb>.json``.
    data
        Short name of the data set.
    settings
        Settings of the data set, by which its results are known again.
    own
        Whether they are the data of the run.
    """
    place = checkpoint.results
    if own or checkpoint.run is None:
        folder = place / verb
        if own or _of(folder / f"{verb}.json", settings):
            return folder
    name = f"{verb}-{_label(settings.get('path')) or data}"
    for number in count(1):
        folder = place / (name if number == 1 else f"{name}-{number}")
        if _of(folder / f"{verb}.json", settings):
            return folder
    raise AssertionError


def _of(record: Path, settings: Mapping[str, Any]) -> bool:
    """Return whether a record is missing, or of these data."""
    if not record.is_file():
        return True
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("data_settings") == settings


def _label(path: object) -> str:
    """Return the name of a file, or of the first of several, as a part of a folder's name."""
    first = path[0] if isinstance(path, list) and path else path
    return re.sub(r"[^\w.-]+", "-", Path(first).stem).strip("-") if isinstance(first, str) else ""
