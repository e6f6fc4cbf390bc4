"""Run the cases in the measuring processes, and collect the results as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from neurop.bench.cases import Case, parse
from neurop.bench.worker import Start

if TYPE_CHECKING:
    import xarray as xr

NOTES = (
    "forward_ms: evaluation without a graph; step_ms: forward, loss, backward and AdamW. A "
    "layer's backward pass starts from a "
    "gradient that lies in memory as its output does, and goes on to its input. Medians over "
    "rounds in which the candidates take "
    "turns; spread gives the quartiles.",
    "AdamW is PyTorch's fused one where the parameters are real; it takes no complex ones.",
    "peak_mb (10^6 bytes): the most that tensors occupy at once in a training step, beyond "
    "weights, optimizer state and input, as "
    "PyTorch's profiler counts it; workspaces of libraries are not in it.",
    "error: relative L2 distance of the first sample to the same function evaluated in float64.",
    "allocator 'same': every path with freed memory retained by the C library, as neurop's command "
    "line sets it; 'shipped': neurop's paths "
    "so, from the same measurement, and the others with the C library's own settings.",
    "A layer of neurop gets its input with channels last in memory, as from its blocks; "
    "neurop-first is the same layer with channels first, as the others have them.",
    "Layers, and the models neurop, neurop-compiled and torch-fft, are the same function with the "
    "same weights. neuraloperator's model "
    "is its own FNO of the same modes, width and depth: the MLPs of its blocks are as wide, its "
    "lifting and its skips differ.",
    "The models of the scope family are different functions: those of neurop at equal modes, "
    "width and depth, otherwise with their defaults.",
)
# With fewer rounds than this a median is not meaningful.
LEAST_ROUNDS = 3


class Pair:
    """Two processes: neurop's allocator settings for all paths, the C library's own for the peers.

    Parameters
    ----------
    start
        Function that starts a process; its argument is whether freed memory is retained.
    """

    def __init__(self, start: Start) -> None:
        self.retaining, self.plain = start(True), start(False)

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.retaining.close()
        self.plain.close()

    def rows(
        self,
        case: Case,
        scope: str,
        paths: Sequence[str],
        repeats: int,
        seconds: float,
        seed: int = 0,
    ) -> list[dict[str, Any]]:
        """Return the rows of a case.

        Parameters
        ----------
        case, scope, paths, seed
            Arguments of :class:`neurop.bench.timing.Bench`.
        repeats
            Largest number of rounds.
        seconds
            Time after which no further round starts, once there are three.
        """
        asked = {"case": case.name, "scope": scope, "seed": seed}
        peers = [path for path in paths if not path.startswith("neurop")]
        workers = [(self.retaining, list(paths)), *([(self.plain, peers)] if peers else [])]
        for worker, those in workers:
            worker.ask("open", paths=those, **asked)
        facts = self.retaining.ask("facts")
        rounds: list[list[dict[str, Any]]] = []
        began = perf_counter()
        while len(rounds) < min(repeats, LEAST_ROUNDS) or (
            len(rounds) < repeats and perf_counter() - began < seconds
        ):
            rounds.append([worker.ask("round") for worker, _ in workers])
        rows = []
        for path in paths:
            for allocator in ("shipped", "same"):
                which = int(allocator == "shipped" and path in peers)
                observed = [one[which][path] for one in rounds]
                rows.append(_row(case, scope, path, allocator, facts[path], observed))
        return rows


def as_dataset(rows: Sequence[dict[str, Any]], allocator: str = "same") -> xr.Dataset:
    """Return the rows of one allocator setting along the dimension ``row``, with their sizes."""
    import xarray as xr  # not needed to measure

    chosen = [row | asdict(parse(row["case"])) for row in rows if row["allocator"] == allocator]
    names = (
        "dimensions",
        "batch",
        "width",
        "points",
        "modes",
        "scope",
        "path",
        "forward_ms",
        "step_ms",
        "peak_mb",
        "error",
    )
    return xr.Dataset({name: ("row", np.array([row[name] for row in chosen])) for name in names})


def _row(
    case: Case,
    scope: str,
    path: str,
    allocator: str,
    facts: dict[str, float],
    observed: Sequence[tuple[float, float]],
) -> dict[str, Any]:
    forward, step = (sorted(values) for values in zip(*observed, strict=True))
    return {
        "case": case.name,
        "scope": scope,
        "path": path,
        "device": "cpu",
        "allocator": allocator,
        "forward_ms": median(forward),
        "step_ms": median(step),
        "peak_mb": facts["peak_mb"],
        "error": facts["error"],
        "spread": {
            "forward_ms": _quartiles(forward),
            "step_ms": _quartiles(step),
            "rounds": len(observed),
        },
    }


def _quartiles(values: Sequence[float]) -> list[float]:
    """Return the lower and the upper quartile."""
    return [float(q) for q in np.quantile(values, (0.25, 0.75))]
