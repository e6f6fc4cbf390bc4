r"""The time of a training step with `trainer.deterministic=true`, compared with that without.

python benchmarks/deterministic.py [--models fno unet ...] [--repeats 15] [--out FILE]

Steps with and without alternate in one process, on one thread, with batches of 4 of the default
size; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from neurop.geometry.grid import Grid
from neurop.models import create


def ratio(name: str, repeats: int) -> dict[str, Any]:
    """Return the medians of the step times of a model."""
    sphere = name == "sfno"
    domain, shape = (Grid.latlon(), (33, 64)) if sphere else (Grid.periodic(2), (64, 64))
    torch.manual_seed(0)
    model = create(name, 1, 1, domain, ())
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    x = torch.randn(4, 1, *shape)
    times: dict[bool, list[float]] = {False: [], True: []}
    for count in range(repeats + 2):
        for switch in times:
            torch.use_deterministic_algorithms(switch)
            start = time.perf_counter()
            optimizer.zero_grad()
            (model(x) - x).square().mean().backward()
            optimizer.step()
            if count >= 2:  # the first steps make caches
                times[switch].append(1e3 * (time.perf_counter() - start))
    plain, fixed = median(times[False]), median(times[True])
    return {"model": name, "ms": plain, "deterministic_ms": fixed, "ratio": fixed / plain}


def main() -> None:
    """Time the models, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", nargs="+", default=["fno", "tfno", "t1", "sfno", "unet"])
    parser.add_argument("--repeats", type=int, default=15)
    today = time.strftime("%Y%m%d")
    parser.add_argument(
        "--out", type=Path, default=Path(f"benchmarks/deterministic-cpu-{today}.json")
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in given.models:
        rows.append(
            {k: round(v, 3) if k != "model" else v for k, v in ratio(name, given.repeats).items()}
        )
        print(json.dumps(rows[-1]), flush=True)
    about = {"torch": torch.__version__, "processor": platform.machine(), "threads": 1}
    given.out.write_text(json.dumps({"about": about, "runs": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
