"""Time the solvers of the data sets compared with others that reach the same error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any

import torch

from neurop.bench.data.candidate import Candidate
from neurop.errors import InputError, nearest

PROBLEMS = ("darcy", "navier_stokes")
NOTES = (
    "ms_per_sample: wall time of one thread, as a generating process has; the candidates take "
    "turns, median over the rounds",
    "error: relative L2 distance to the truth that the case names, the largest over the samples",
)


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure(
    source: Any, repeats: int, paths: Sequence[str] | None = None, log: Callable[[str], None] = _log
) -> list[dict[str, Any]]:
    """Return one row per candidate solver of a data set.

    Parameters
    ----------
    source
        Data set of :data:`PROBLEMS`, with the parameters to solve for.
    repeats
        Rounds in which the candidates take turns.
    paths
        Candidates to measure; by default all that are installed.
    log
        Function that reports progress.

    Raises
    ------
    InputError
        If there are no solvers of that data set, or a path is unknown or not installed.
    """
    name = source.name
    if name not in PROBLEMS:
        raise InputError.of("data", name, f"there is no bench for it; {nearest(name, PROBLEMS)}")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = import_module(f"neurop.bench.data.{name}").candidates(source, log)
        return _rows(_chosen(found, paths), repeats, log)
    finally:
        torch.set_num_threads(threads)


def _chosen(found: Iterable[Candidate], paths: Sequence[str] | None) -> list[Candidate]:
    known = {candidate.path: candidate for candidate in found}
    for path in paths or ():
        if path not in known:
            raise InputError.of("paths", path, nearest(path, known))
    return [known[path] for path in paths or known]


def _rows(
    found: Sequence[Candidate], repeats: int, log: Callable[[str], None]
) -> list[dict[str, Any]]:
    times: dict[str, list[float]] = {candidate.path: [] for candidate in found}
    errors = {candidate.path: candidate.error(candidate.solve()) for candidate in found}
    for number in range(repeats):
        log(f"round {number + 1}/{repeats}")
        for candidate in found:
            begin = perf_counter()
            candidate.solve()
            times[candidate.path].append(1e3 * (perf_counter() - begin) / candidate.samples)
    return [
        {
            "case": candidate.case,
            "scope": "data",
            "path": candidate.path,
            "device": "cpu",
            "how": candidate.how,
            "samples": candidate.samples,
            "ms_per_sample": median(times[candidate.path]),
            "error": errors[candidate.path],
            "spread": [min(times[candidate.path]), max(times[candidate.path])],
        }
        for candidate in found
    ]
