"""Logs of a training: ``metrics.csv`` with the earlier rows of a resumed run, and others' ends."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    columns = sorted({column for row in rows for column in row})
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
