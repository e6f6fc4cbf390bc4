"""Description of the machine, and its memory bandwidth and floating-point rate."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch


def describe_machine() -> dict[str, Any]:
    """Return processor, threads, memory in GB, load averages and versions of packages."""
    return {
        "processor": _processor(),
        "logical_cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": _memory_gb(),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        **{name: _version(name) for name in ("neurop", "neuraloperator")},
    }


def measure_rates(repeats: int = 7) -> dict[str, float]:
    """Return median copy bandwidth (GB/s, read plus written) and float32 GEMM rate (GFLOP/s)."""
    x = torch.zeros(64 << 20, dtype=torch.uint8)
    y = torch.zeros_like(x)
    n = 1024
    a, b = torch.randn(n, n), torch.randn(n, n)
    c = torch.empty(n, n)
    copies, products = [], []
    for _ in range(repeats + 1):
        start = perf_counter()
        y.copy_(x)
        middle = perf_counter()
        torch.mm(a, b, out=c)
        copies.append(middle - start)
        products.append(perf_counter() - middle)
    return {
        "copy_gb_per_s": 2 * x.numel() / median(copies[1:]) / 1e9,
        "gemm_gflop_per_s": 2 * n**3 / median(products[1:]) / 1e9,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )


def _memory_gb() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
