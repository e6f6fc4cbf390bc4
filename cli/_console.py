"""Output on the terminal: tables and the last line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from neurop.printable import printable

from ._process_group import first_process
from ._say import say


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: with lines on a terminal, as aligned text in a file or a pipe.

    Floats have four significant digits, None is ``-``, and columns of numbers are aligned right.
    Only the first process of a run prints.
    """
    if not first_process():
        return
    cells = [[show(value) for value in row] for row in rows]
    right = [_is_numeric([row[c] for row in rows]) for c in range(len(columns))]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(title=printable(title), title_justify="left")
        for column, is_right in zip(columns, right, strict=True):
            drawn.add_column(column, justify="right" if is_right else "left", overflow="fold")
        for row in cells:
            drawn.add_row(*map(Text, row))
        Console().print(drawn)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    say(title)
    for row in (list(columns), *cells):
        line = (
            cell.rjust(w) if is_right else cell.ljust(w)
            for cell, w, is_right in zip(row, widths, right, strict=True)
        )
        say("  " + "  ".join(line).rstrip())


def wrote(folder: Path | str) -> None:
    """Print the last line of a verb, which names the folder of its files."""
    if first_process():
        say(f"wrote {folder}", flush=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts work done, shown as a bar with the time left on a terminal.

    Parameters
    ----------
    what
        Name of the work.
    total
        Amount of it.
    """
    if not first_process() or not sys.stderr.isatty():
        yield lambda amount: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeft()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount: bar.advance(task, amount)


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
    return printable(value)


def _is_numeric(column: Sequence[object]) -> bool:
    there = [value for value in column if value is not None]
    return bool(there) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in there
    )
