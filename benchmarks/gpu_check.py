"""Build, check and time the CUDA kernels on this machine's GPU.

It needs torch, numpy and nvcc or NVRTC, and no network.

    python benchmarks/gpu_check.py --out results            # all pieces, each in its own process
    python benchmarks/gpu_check.py --out results --piece values

Each piece ends within nine minutes and writes ``results/<piece>.json``; the exit status is 1 if one
of them found a fault.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from neurop.bench.cases import STANDARD, Case, parse
from neurop.bench.paths import build, installed, sample
from neurop.spectral import fused, signed_sizes
from neurop.spectral.kernels import cuda

SECONDS = 540
FLOAT32, TF32 = 2e-6, 2e-3
"""Largest relative L2 distance to float64, with three TF32 products per multiplication and with
one.
"""
# The sizes of the peers' published timings, in addition to those of `neurop bench`.
CASES = (
    *STANDARD,
    "2d-32x64x64-m16",
    "2d-16x32x128-m32",
    "2d-8x64x256-m32",
    "2d-4x64x512-m64",
    "3d-4x32x64-m12",
)
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Return normal numbers on the GPU, the same on every machine."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).cuda()


def operations(small: bool) -> Iterator[tuple[str, Callable[..., Any], list[Tensor]]]:
    """Yield operations of the engine with their inputs: ragged sizes, one to three axes."""
    for rows, n, channels, hidden, size in [
        (3, 37, 20, 12, 9),
        (1, 1, 1, 1, 1),
        *([] if small else [(64, 256, 64, 32, 63), (130, 128, 96, 96, 31)]),
    ]:
        matrix = noise(size, n, seed=1) / n**0.5
        yield (
            f"rows {rows}x{n}x{channels}",
            lambda x, m: fused.apply_rows(m, x, 1),
            [noise(rows, n, channels), matrix],
        )
        shapes = [
            (channels, channels),
            (channels,),
            (hidden, channels),
            (hidden,),
            (channels, hidden),
            (channels,),
        ]
        layers = [noise(*shape, seed=2 + i) / shape[-1] ** 0.5 for i, shape in enumerate(shapes)]
        yield (
            f"mlp {rows * n}x{channels}x{hidden}",
            fused.mlp,
            [noise(rows * n, channels), *layers[2:]],
        )

        def tail(
            x: Tensor, z: Tensor, s: Tensor, a: Tensor, w: Tensor, b: Tensor, *mlp: Tensor
        ) -> tuple[Tensor, ...]:
            return tuple(t for t in fused.block_tail(x, z, s, a, (w, b), mlp) if t is not None)

        fields = [
            noise(rows, n, channels),
            noise(rows, size, channels, seed=9),
            noise(n, size, seed=10) / size**0.5,
            matrix,
        ]
        yield f"block {rows}x{n}x{channels}", tail, [*fields, *layers]
    for modes, kept, batch, channels in [
        ((5,), (4,), 3, 5),
        ((4, 5), (4, 5), 9, 20),
        ((3, 2, 4), (3, 2, 3), 2, 6),
        *([] if small else [((16, 16), (16, 16), 16, 64), ((12, 12, 12), (12, 12, 12), 2, 32)]),
    ]:

        def mix(
            c: Tensor, w: Tensor, modes: Sequence[int] = modes, kept: Sequence[int] = kept
        ) -> Tensor:
            return fused.mix_packed(c, w, modes, kept)

        weight = noise(*signed_sizes(modes), channels, 2, channels, seed=1)
        yield (
            f"mix {modes} of {kept}",
            mix,
            [noise(batch, *(2 * e - 1 for e in kept), channels), weight],
        )


CONSTANT = {"rows": (1,), "block": (2, 3)}
"""Inputs that are matrices of the grid, by the first word of an operation's name."""


def run(
    name: str, operation: Callable[..., Any], inputs: Sequence[Tensor], dtype: torch.dtype
) -> list[Tensor]:
    """Return outputs and gradients."""
    fixed = CONSTANT.get(name.split()[0], ())
    given = [t.to(dtype).detach().requires_grad_(i not in fixed) for i, t in enumerate(inputs)]
    made = operation(*given)
    outputs = [made] if isinstance(made, Tensor) else list(made)
    up = [noise(*y.shape, seed=99).to(dtype) for y in outputs]
    return [*outputs, *torch.autograd.grad(outputs, [t for t in given if t.requires_grad], up)]


def values(small: bool = False) -> dict[str, Any]:
    """Compare outputs and gradients with float64 by PyTorch's own operations, in both
    precisions.
    """
    found: dict[str, Any] = {"errors": {}, "faults": []}
    for allowed, limit in (("highest", FLOAT32), ("high", TF32)):
        torch.set_float32_matmul_precision(allowed)
        for name, operation, inputs in operations(small):
            got, want = (
                run(name, operation, inputs, torch.float32),
                run(name, operation, inputs, torch.float64),
            )
            # A single number may be nearly zero: the distance is relative to the size that numbers
            # here have, or more.
            pairs = [(g.detach().double(), w.detach()) for g, w in zip(got, want, strict=True)]
            worst = max(float((g - w).norm() / max(w.norm(), w.numel() ** 0.5)) for g, w in pairs)
            found["errors"][f"{name}, {allowed}"] = worst
            if not worst < limit:
                found["faults"].append(f"{name}, {allowed}: {worst:.2e}, at most {limit:g}")
    return found


def repeats() -> dict[str, Any]:
    """Check that a run repeats bit for bit, on another stream too, and that a captured graph
    follows its input.
    """
    faults = []
    for name, operation, inputs in operations(small=False):
        first = run(name, operation, inputs, torch.float32)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            aside = run(name, operation, inputs, torch.float32)
        torch.cuda.synchronize()
        for what, other in (
            ("again", run(name, operation, inputs, torch.float32)),
            ("on another stream", aside),
        ):
            if not all(torch.equal(a, b) for a, b in zip(first, other, strict=True)):
                faults.append(f"{name}: differs {what}")
        x = inputs[0].clone()
        with torch.no_grad():
            operation(x, *inputs[1:])
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                captured = operation(x, *inputs[1:])
            x.mul_(2)
            graph.replay()
            again = operation(x, *inputs[1:])
        pairs = (
            [(captured, again)]
            if isinstance(captured, Tensor)
            else list(zip(captured, again, strict=True))
        )
        if not all(torch.equal(a, b) for a, b in pairs):
            faults.append(f"{name}: a captured graph differs")
    return {"faults": faults}


def sanitize() -> dict[str, Any]:
    """Run the small values under each tool of compute-sanitizer."""
    found: dict[str, Any] = {"tools": {}, "faults": []}
    if not shutil.which("compute-sanitizer"):
        return {"tools": "compute-sanitizer is not installed", "faults": []}
    for tool in TOOLS:
        command = [
            "compute-sanitizer",
            "--tool",
            tool,
            "--error-exitcode",
            "9",
            "--kernel-regex",
            "kns=neurop_",
            sys.executable,
            __file__,
        ]
        done = subprocess.run([*command, "--piece", "small"], capture_output=True, text=True)
        found["tools"][tool] = [
            line for line in done.stdout.splitlines() if line.startswith("=========")
        ][-3:]
        if done.returncode:
            found["faults"].append(f"{tool}: status {done.returncode}")
    return found


def milliseconds(call: Callable[[], object], fill: float = 20.0) -> float:
    """Return the mean time of a call, repeated until it fills some milliseconds."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    count = 1
    while True:
        start.record()
        for _ in range(count):
            call()
        end.record()
        end.synchronize()
        if (spent := start.elapsed_time(end)) >= fill or count >= 1000:
            return spent / count
        count = min(max(2 * count, int(count * fill / max(spent, 1e-3))), 1000)


def times(rounds: int = 5) -> dict[str, Any]:
    """Time forward pass and training step of layer and model, the paths in turn."""
    rows = []
    paths = [path for path in installed() if path != "neurop-compiled"]
    for case in map(parse, CASES):
        for scope in ("layer", "model"):
            for path, row in _timed(case, scope, paths, rounds).items():
                rows.append({"case": case.name, "scope": scope, "path": path, **row})
                print(json.dumps(rows[-1]), flush=True)
    return {"copy_gb_per_s": copy_rate(), "rows": rows, "faults": []}


def copy_rate() -> float:
    """Return the bandwidth of a copy within the GPU's memory, read and written bytes, in GB/s."""
    x = torch.zeros(1 << 28, device="cuda")
    y = torch.empty_like(x)
    return 2 * x.numel() * 4 / (1e-3 * milliseconds(lambda: y.copy_(x))) / 1e9


def _timed(
    case: Case, scope: str, paths: Sequence[str], rounds: int
) -> dict[str, dict[str, float]]:
    calls: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {}
    rows: dict[str, dict[str, float]] = {}
    exact = build("neurop", case, scope).cuda().double()
    with torch.no_grad():
        truth = exact(sample("neurop", case, scope)[:1].cuda().double())
    del exact
    for path in paths:
        module, x = (
            build(path, case, scope).cuda(),
            sample(path, case, scope).cuda().requires_grad_(scope == "layer"),
        )

        def forward(module: torch.nn.Module = module, x: Tensor = x) -> Tensor:
            with torch.no_grad():
                return module(x)  # type: ignore[no-any-return]

        y = forward()
        up = torch.randn_like(y) / y.numel()
        optimizer = torch.optim.AdamW(
            module.parameters(), lr=0.0, fused=not any(p.is_complex() for p in module.parameters())
        )

        def step(
            module: torch.nn.Module = module,
            x: Tensor = x,
            up: Tensor = up,
            optimizer: torch.optim.Optimizer = optimizer,
        ) -> None:
            optimizer.zero_grad(set_to_none=True)
            x.grad = None
            module(x).backward(up)
            optimizer.step()

        step()
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        rows[path] = {"peak_mb": (torch.cuda.max_memory_allocated() - before) / 1e6}
        if path != "neuraloperator" or scope == "layer":  # its model is another function
            rows[path]["error"] = float((y[:1].double() - truth).norm() / truth.norm())
        calls[path] = forward, step
    observed: dict[str, list[tuple[float, float]]] = {path: [] for path in paths}
    for turn in range(rounds):
        for path in (*paths[turn % len(paths) :], *paths[: turn % len(paths)]):
            observed[path].append((milliseconds(calls[path][0]), milliseconds(calls[path][1])))
    for path, pairs in observed.items():
        rows[path] |= {
            "forward_ms": median(f for f, _ in pairs),
            "step_ms": median(s for _, s in pairs),
        }
    return rows


PIECES: dict[str, Callable[[], dict[str, Any]]] = {
    "values": values,
    "repeats": repeats,
    "sanitize": sanitize,
    "times": times,
}


def machine() -> dict[str, Any]:
    """Return what the numbers were taken on."""
    driver = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
    )
    about = {
        "gpu": torch.cuda.get_device_name(),
        "driver": driver.stdout.strip(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
    return about | {"command": "python benchmarks/gpu_check.py"}


def main() -> int:
    """Run one piece here, or each in a process of its own."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--out", type=Path, default=Path("gpu_check"))
    arguments.add_argument("--piece", choices=[*PIECES, "small"])
    given = arguments.parse_args()
    if not torch.cuda.is_available():
        print("gpu-check: no CUDA device; run it on a machine that has one", file=sys.stderr)
        return 2
    if given.piece is None:
        codes = {}
        for piece in PIECES:
            command = [sys.executable, __file__, "--out", str(given.out), "--piece", piece]
            try:
                codes[piece] = subprocess.run(command, timeout=SECONDS).returncode
            except subprocess.TimeoutExpired:
                codes[piece] = 1
        print(json.dumps(codes))
        return int(any(codes.values()))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if cuda.module(torch.cuda.current_device()) is None:
        print("gpu-check: the kernels could not be loaded", file=sys.stderr)
        return 1
    found = values(small=True) if given.piece == "small" else PIECES[given.piece]()
    for fault in found["faults"]:
        print(f"FAULT {fault}", file=sys.stderr)
    if given.piece != "small":
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / f"{given.piece}.json").write_text(
            json.dumps({"machine": machine(), **found}, indent=1) + "\n"
        )
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
