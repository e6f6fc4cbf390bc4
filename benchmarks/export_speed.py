"""Speed of exported files compared with the surrogate: interleaved in one process, one thread.

python benchmarks/export_speed.py [--out FILE] [--cases fno unet] [--formats onnx aoti] [--rounds N]

Each round calls every path for about the same time, in turn; the ratio of a path is the median over
the rounds of its time divided by that of the surrogate in the same round.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurop import Field, FieldSet, Grid, Surrogate, Times, __version__, models
from neurop.exporting.description import describe
from neurop.exporting.examples import examples
from neurop.exporting.open_grid import fixed_because, least_shape
from neurop.exporting.program import axis_names, trace
from neurop.machine import describe_machine

BATCH, SHAPE = 4, (64, 64)
CASES = {
    "fno": models.FNO.spec(modes=12, width=32, depth=4),
    "unet": models.UNet.spec(width=16, levels=2),
    "t1": models.TransformOnce.spec(modes=12, width=32, depth=4),
}
SECONDS = 0.3
"""Time of a path in a round."""
Call = Callable[[], Any]


def surrogate_of(name: str) -> Surrogate:
    """Return an untrained surrogate of one field on a periodic plane."""
    torch.manual_seed(0)
    states = np.random.default_rng(0).normal(size=(2, 3, 1, *SHAPE))
    data = FieldSet(states, (Field("u"),), Grid.periodic(2), times=Times(np.arange(3.0), "s"))
    return Surrogate.of(data, CASES[name]).eval()


def files(surrogate: Surrogate, formats: list[str], folder: Path) -> dict[str, Any]:
    """Return a function of x for each format, with the grid that `neurop export` gives it."""
    least = None if fixed_because(surrogate) else least_shape(surrogate)
    program, about = trace(surrogate, SHAPE, least), describe(surrogate, SHAPE, least)
    made: dict[str, Any] = {}
    for kind in formats:
        writer = importlib.import_module(f"neurop.exporting.{kind}")
        path = folder / f"{surrogate.name}{writer.SUFFIX}"
        start = perf_counter()
        writer.write(program, path, about, axis_names(surrogate))
        print(f"  {path.name}: {perf_counter() - start:.0f} s", flush=True)
        made[kind] = _opened(kind, str(path))
    return made


def _opened(kind: str, path: str) -> Callable[[Tensor], Tensor]:
    if kind == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda x: torch.from_numpy(session.run(["y"], {"x": x.numpy()})[0])
    if kind == "pt2":
        return torch.export.load(path).module()
    return torch._inductor.aoti_load_package(path)


def timed(call: Call) -> float:
    """Return the milliseconds of a call, the mean over about :data:`SECONDS`."""
    start, count = perf_counter(), 0
    while perf_counter() - start < SECONDS:
        call()
        count += 1
    return (perf_counter() - start) / count * 1e3


@torch.no_grad()
def measure(name: str, formats: list[str], rounds: int, folder: Path) -> dict[str, Any]:
    """Return medians, ratios and differences of all paths of one model."""
    surrogate = surrogate_of(name)
    paths: dict[str, Callable[[Tensor], Tensor]] = {"surrogate": surrogate}
    paths |= files(surrogate, formats, folder)
    (x,) = examples(surrogate, BATCH, SHAPE)
    truth = surrogate(x)
    differences = {path: float((call(x) - truth).abs().max()) for path, call in paths.items()}
    times: dict[str, list[float]] = {path: [] for path in paths}
    order = list(paths)
    for turn in range(rounds + 1):
        for path in order[turn % len(order) :] + order[: turn % len(order)]:
            spent = timed(lambda path=path: paths[path](x))
            if turn:  # the first round warms up
                times[path].append(spent)
    rows = {
        path: {
            "median_ms": median(spent),
            "ratio_to_surrogate": median(
                a / b for a, b in zip(spent, times["surrogate"], strict=True)
            ),
            "difference": differences[path],
        }
        for path, spent in times.items()
    }
    for path, row in rows.items():
        print(f"  {path:<10} {row['median_ms']:8.2f} ms  {row['ratio_to_surrogate']:.2f}")
    about = {"model": CASES[name].to_dict(), "batch": BATCH, "grid": SHAPE}
    return about | {"open_grid": not fixed_because(surrogate), "rounds": rounds, "paths": rows}


def main() -> None:
    """Measure all cases and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("export.json"))
    parser.add_argument("--cases", nargs="+", default=["fno", "unet"], choices=CASES)
    parser.add_argument("--formats", nargs="+", default=["onnx", "aoti"])
    parser.add_argument("--rounds", type=int, default=9)
    words = parser.parse_args()
    torch.set_num_threads(1)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in words.cases:
            print(name, flush=True)
            rows[name] = measure(name, words.formats, words.rounds, Path(folder))
            versions = {"neurop": __version__, "torch": torch.__version__}
            record = {"machine": describe_machine(), "versions": versions, "cases": rows}
            words.out.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
