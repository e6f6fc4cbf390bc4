"""The table of a comparison, on the terminal and as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import xarray as xr

from neurop.evaluation.compare import ERRORS

from ._console import show, table

COLUMNS = {
    "parameters": "parameters",
    "step_ms": "ms per step",
    "peak_mb": "MB",
    "inference_ms": "ms per sample",
    "train_seconds": "s",
    "steps": "steps",
    "failed": "failed",
}


def print_table(title: str, rows: list[dict[str, Any]], what: dict[str, str]) -> None:
    """Print the rows; columns without a value in any row are left out."""
    columns: list[tuple[str, list[Any]]] = [("model", [row["model"] for row in rows])]
    for name in ERRORS:
        columns += [
            (f"error, {what.get(name)}", [row.get(name) for row in rows]),
            ("over seeds", [_over_seeds(row, name) for row in rows]),
            ("ratio (95 %)", [_ratio(row, name) for row in rows]),
        ]
    columns += [(text, [row.get(name) for row in rows]) for name, text in COLUMNS.items()]
    columns = [column for column in columns if any(value is not None for value in column[1])]
    cells = zip(*(values for _, values in columns), strict=True)
    table(title, [text for text, _ in columns], [list(row) for row in cells])


def _over_seeds(row: dict[str, Any], name: str) -> str | None:
    if row.get("seeds", 1) < 2 or row.get(f"{name}_low") is None:
        return None
    return f"{show(row[f'{name}_low'])} to {show(row[f'{name}_high'])}"


def _ratio(row: dict[str, Any], name: str) -> str | None:
    ratio, low, high = (row.get(f"{name}_ratio{end}") for end in ("", "_low", "_high"))
    if ratio is None:
        return None
    return (
        f"{ratio:.3g}" if low is None or low == high else f"{ratio:.3g} ({low:.3g} to {high:.3g})"
    )


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return all values of the rows as CSV."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "runs": " ".join(row["runs"])} for row in rows)
    return text.getvalue()


def growth_of(result: xr.Dataset) -> dict[str, Any]:
    """Return the errors of the rollout of each model, with their times."""
    names = result.model.values
    growth = {str(name): result.growth[i].values for i, name in enumerate(names)}
    return {
        "time": result.time.values,
        "time_unit": result.time.attrs.get("units"),
        "growth": growth,
    }
