"""What the user sees: tables, the closing line, and silence about what is not theirs to mend."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from ._output import first_process

# Tips, hardware and process lines of Lightning come through these loggers; its warnings come
# through `warnings`.
_CHATTER = (
    "lightning.pytorch.utilities.rank_zero",
    "lightning.fabric.utilities.rank_zero",
    "lightning.fabric.utilities.seed",
    "lightning.fabric.utilities.distributed",
    "lightning.pytorch.accelerators.cuda",
)
_TIPS = (
    r".*does not have many workers.*",
    r".*LeafSpec.*",
    r".*smaller than the logging interval.*",
    r".*Experiment logs directory .* exists and is not empty.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    r".*GPU available but not used.*",
    r".*Trying to infer the `batch_size`.*",
)


def quiet() -> None:
    """Silence what Lightning says to programmers; its errors and other warnings stay."""
    for name in _CHATTER:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _TIPS:
        warnings.filterwarnings("ignore", message=message)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table (in the first process of a run alone): drawn on a terminal, plain aligned text
    when the output is a file or a pipe.

    Floats are shown with four significant digits, None as ``-``; columns of numbers are aligned
    right.
    """
    if not first_process():
        return
    cells = [[show(value) for value in row] for row in rows]
    right = [_is_numeric([row[c] for row in rows]) for c in range(len(columns))]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(title=title, title_justify="left")
        for column, is_right in zip(columns, right, strict=True):
            drawn.add_column(column, justify="right" if is_right else "left", overflow="fold")
        for row in cells:
            drawn.add_row(*map(Text, row))
        Console().print(drawn)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    print(title)
    for row in (list(columns), *cells):
        line = (
            cell.rjust(w) if is_right else cell.ljust(w)
            for cell, w, is_right in zip(row, widths, right, strict=True)
        )
        print("  " + "  ".join(line).rstrip())


def wrote(folder: Path | str) -> None:
    """Print the last line of a verb: where its files are."""
    if first_process():
        print(f"wrote {folder}", flush=True)


def show(value: object) -> str:
    """Return a table cell.

    Examples
    --------
    >>> show(0.0123456), show(None), show((64, 64))
    ('0.01235', '-', '64x64')
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return "x".join(map(show, value))
    return str(value)


def _is_numeric(column: Sequence[object]) -> bool:
    there = [value for value in column if value is not None]
    return bool(there) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in there
    )
