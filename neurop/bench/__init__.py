"""Time the engine compared with other implementations: cases, paths, and measuring processes."""

from neurop.bench.cases import SCOPES, STANDARD, SWEEPS, Case, parse
from neurop.bench.paths import DEPTH, FAMILY, PATHS, check_paths, installed, of_scope
from neurop.bench.summary import NOTES, Pair, as_dataset
from neurop.bench.worker import BenchProcess, answer_requests
from neurop.machine import describe_machine, measure_rates

__all__ = [
    "DEPTH",
    "FAMILY",
    "NOTES",
    "PATHS",
    "SCOPES",
    "STANDARD",
    "SWEEPS",
    "BenchProcess",
    "Case",
    "Pair",
    "answer_requests",
    "as_dataset",
    "check_paths",
    "describe_machine",
    "installed",
    "measure_rates",
    "of_scope",
    "parse",
]
