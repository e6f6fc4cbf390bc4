"""Logs of a training: ``metrics.csv`` with the earlier rows of a resumed run, and others' ends."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurop.errors import InputError

from ._output import write_text
from ._process_group import first_process


@contextmanager
def ended_logs() -> Iterator[None]:
    """End the log of Weights & Biases after the block: the next job of a sweep has its own."""
    try:
        yield
    finally:
        if (wandb := sys.modules.get("wandb")) is not None:
            wandb.finish()


@contextmanager
def continued(folder: Path) -> Iterator[None]:
    """Keep the existing rows of ``metrics.csv``, before those written inside the block.

    Lightning's CSVLogger deletes an existing file. Rows of steps that the block computes again are
    replaced.
    """
    if not first_process():
        yield
        return
    path, aside = folder / "metrics.csv", folder / "metrics.before.csv"
    # The backup exists if an earlier run was killed; its rows come first.
    before = _joined(_rows(aside), _rows(path))
    if before:
        _write(aside, before)
    try:
        yield
    finally:
        if before:
            now = _rows(path)
            if now != before:  # equal if the training failed before it logged
                _write(path, _joined(before, now))
            aside.unlink()


def _joined(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[dict[str, str]]:
    first = min((int(row["step"]) for row in after), default=None)
    return [row for row in before if first is None or int(row["step"]) < first] + after


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, without a last one that was cut off.

    Raises
    ------
    InputError
        If it is no such table.
    """
    if not path.is_file():
        return []
    remedy = "move it away to continue without the earlier curves"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError.in_file(path, f"damaged ({error}); {remedy}") from error
    if rows and not _whole(rows[-1]):
        del rows[-1]
    if damaged := [number for number, row in enumerate(rows, 2) if not _whole(row)]:
        raise InputError.in_file(path, f"damaged in line {damaged[0]}; {remedy}")
    return rows


def _whole(row: dict[str, str]) -> bool:
    """Return whether a row has a step, and as many cells as there are columns."""
    cut = None in row or None in row.values()
    return not cut and row.get("step", "").isdigit()


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    columns = sorted({column for row in rows for column in row})
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
