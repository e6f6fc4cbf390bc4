"""Time of the SFNO compared with that of torch-harmonics' examples, of the same size.

python benchmarks/sphere.py [--sizes BATCHxLATITUDESxLONGITUDES ...] [--out FILE]

Both have width 32, four blocks with an MLP of twice the width, all degrees and orders that the
Legendre-Gauss grid of the data resolves, and the blocks on that grid. They are different functions:
the lifting, the skips and the position differ. Freed memory is kept, as neurop's command sets it.
The candidates take turns; medians of milliseconds, and the peak of the tensors of a step in MB.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
import torch_harmonics
from torch import Tensor, nn

import neurop
from cli._allocator import keep_pages
from neurop.bench.timing import peak_mb
from neurop.bench.training import Peer, peer_network
from neurop.geometry.grid import Grid
from neurop.models import SFNO

WIDTH, DEPTH = 32, 4
GAUSS = Grid.latlon(gauss=True)


def candidates(latitudes: int, longitudes: int) -> dict[str, nn.Module]:
    """Return the two models."""
    return {
        "neurop": SFNO(1, 1, GAUSS, modes=latitudes, width=WIDTH, depth=DEPTH),
        "torch-harmonics": peer_network(
            "torch-harmonics",
            (1, 1),
            GAUSS,
            (latitudes, longitudes),
            Peer(width=WIDTH, depth=DEPTH),
        ),
    }


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    start = perf_counter()
    call()
    return (perf_counter() - start) * 1e3


def measured(batch: int, latitudes: int, longitudes: int, rounds: int) -> list[dict[str, Any]]:
    """Return one row per model."""
    x = torch.randn(batch, 1, latitudes, longitudes)
    models = candidates(latitudes, longitudes)
    optimizers = {
        name: torch.optim.AdamW(model.parameters(), lr=0.0) for name, model in models.items()
    }

    def forward(name: str) -> Tensor:
        with torch.no_grad():
            y: Tensor = models[name](x)
        return y

    def step(name: str) -> None:
        optimizers[name].zero_grad(set_to_none=True)
        models[name](x).square().mean().backward()
        optimizers[name].step()

    times: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for turn in range(rounds + 1):
        for name in [*models][turn % 2 :] + [*models][: turn % 2]:
            found = timed(lambda n=name: forward(n)), timed(lambda n=name: step(n))
            if turn:  # the first round builds matrices
                times[name].append(found)
    return [
        {
            "size": f"{batch} x {latitudes} x {longitudes}",
            "model": name,
            "parameters": sum(p.numel() for p in model.parameters()),
            "forward_ms": median(pair[0] for pair in times[name]),
            "step_ms": median(pair[1] for pair in times[name]),
            "peak_mb": peak_mb(lambda n=name: step(n), optimizers[name]),
        }
        for name, model in models.items()
    ]


def main() -> None:
    """Measure the sizes, print a table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["16x32x64", "4x64x128", "2x128x256"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("sphere.json"))
    given = parser.parse_args()
    keep_pages()
    rows: list[dict[str, Any]] = []
    for size in given.sizes:
        rows += measured(*map(int, size.split("x")), rounds=given.rounds)
        ours, theirs = rows[-2:]
        ratios = {key: theirs[key] / ours[key] for key in ("forward_ms", "step_ms", "peak_mb")}
        for row in (ours, theirs):
            print({k: round(v, 1) if isinstance(v, float) else v for k, v in row.items()})
        print("ratio", {key: round(value, 2) for key, value in ratios.items()}, flush=True)
        versions = {
            "neurop": neurop.__version__,
            "torch": torch.__version__,
            "torch-harmonics": torch_harmonics.__version__,
        }
        machine = {"machine": platform.machine(), "threads": torch.get_num_threads()}
        made = {
            "command": "python benchmarks/sphere.py",
            "rounds": given.rounds,
            **machine,
            "versions": versions,
            "rows": rows,
        }
        given.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
