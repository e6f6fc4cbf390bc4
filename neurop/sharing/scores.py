"""Scores of a surrogate on its test data, from the files that ``train`` and ``eval`` leave."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.model_folder import WEIGHTS

NAMES = {
    "relative_l2": "relative L2 error, mean",
    "relative_l2_median": "relative L2 error, median",
    "relative_l2_worst": "relative L2 error, worst sample",
    "persistence_relative_l2": "relative L2 error of persistence",
}
_SLACK = 60.0
"""Seconds by which a result may be older than the weights, as in a copied folder."""


@dataclass(frozen=True)
class Score:
    """One score: what it measures, its value and unit, and the data that it was measured on.

    Parameters
    ----------
    name
        Name in the JSON files, such as ``relative_l2`` or ``rmse/pressure``.
    value, unit
        Value and unit; ``"1"`` for a ratio.
    data, split
        Name of the data set and its part.

    Examples
    --------
    >>> Score("rmse/msl", 134.0, "Pa", "era5", "test").label
    'RMSE of msl'
    """

    name: str
    value: float
    unit: str
    data: str
    split: str

    @property
    def label(self) -> str:
        """Description in words."""
        kind, _, field = self.name.partition("/")
        if kind == "rmse" and field:
            return f"RMSE of {field}"
        if kind.startswith("trajectory_") and kind.endswith("_relative_l2"):
            return f"relative L2 error, {kind.split('_')[1]} steps"
        return NAMES.get(self.name, self.name.replace("_", " "))


def scores_of(run: Path | None, outputs: Sequence[Field]) -> tuple[list[Score], list[str]]:
    """Return the scores of a run, and a note on each file that was left out.

    Parameters
    ----------
    run
        Run folder; None for a model folder without its run, which has no scores.
    outputs
        Predicted fields, for the units.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    if run is None:
        return [], []
    units = {field.name: field.unit for field in outputs}
    found: dict[tuple[str, str, str], Score] = {}
    notes = []
    weights = run / "model" / WEIGHTS
    for file, read in ((run / "train.json", _trained), (run / "eval" / "eval.json", _evaluated)):
        if not file.is_file():
            continue
        if weights.is_file() and file.stat().st_mtime < weights.stat().st_mtime - _SLACK:
            notes.append(f"left out {file}, which is older than the weights; make it again")
            continue
        record = _record(file)
        about = str(record.get("data", "?")), str(record.get("split", "test"))
        for name, value in read(record):
            if isinstance(value, int | float) and math.isfinite(value):
                unit = units.get(name.partition("/")[2], "1")
                found[name, *about] = Score(name, float(value), unit, *about)
    return list(found.values()), notes


def _record(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError.in_file(file, f"damaged ({error}); make it again") from error
    if not isinstance(record, dict):
        raise InputError.in_file(file, "no record of a run; make it again")
    return record


def _trained(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if key.startswith("test/"):
            yield key.removeprefix("test/"), value


def _evaluated(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in NAMES:
        if name in record:
            yield name, record[name]
    by_field = record.get("rmse")
    for field, value in by_field.items() if isinstance(by_field, dict) else ():
        yield f"rmse/{field}", value
