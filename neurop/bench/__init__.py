"""Time the engine beside what else computes the same: cases, paths, workers that measure, and
the machine's own rates.
"""

from neurop.bench.cases import SCOPES, STANDARD, SWEEPS, Case, parse
from neurop.bench.paths import DEPTH, FAMILY, PATHS, check_paths, installed, of_scope
from neurop.bench.summary import NOTES, Pair, as_dataset
from neurop.bench.worker import Worker, serve
from neurop.machine import describe, rates

__all__ = [
    "DEPTH",
    "FAMILY",
    "NOTES",
    "PATHS",
    "SCOPES",
    "STANDARD",
    "SWEEPS",
    "Case",
    "Pair",
    "Worker",
    "as_dataset",
    "check_paths",
    "describe",
    "installed",
    "of_scope",
    "parse",
    "rates",
    "serve",
]
