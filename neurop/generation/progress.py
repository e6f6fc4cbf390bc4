"""Show the progress of a long computation on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@contextmanager
def show_progress(title: str, total: int, path: Path) -> Iterator[Callable[[int], None]]:
    """Yield a function that reports finished samples: a bar on a terminal, else a few lines."""
    if sys.stderr.isatty():
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(title, total=total)
            yield lambda samples: bar.advance(task, samples)
        return
    print(f"{title}: {total} samples into {path}", file=sys.stderr, flush=True)
    done = 0

    def line(samples: int) -> None:
        nonlocal done
        before, done = done, done + samples
        if samples and 4 * before // total < 4 * done // total:
            print(f"{title}: {done} of {total}", file=sys.stderr, flush=True)

    yield line
