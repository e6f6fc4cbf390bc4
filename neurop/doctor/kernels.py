"""The compiled kernels: where they come from, and whether they compute the right numbers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import torch

from neurop.doctor.check import Check
from neurop.geometry.grid import Grid
from neurop.models.fno import FNO
from neurop.spectral.kernels import cuda, native

TOLERANCE = 1e-4
"""Largest relative difference of float32 from float64; rounding gives about 1e-6."""
_OWN = "PyTorch's own operations are used, which are slower"
_SHAPES = ((24,), (12, 10), (8, 6, 10))


def check_kernels() -> Iterator[Check]:
    """Yield checks of the kernels of the CPU and of each GPU, and of their results."""
    if os.environ.get("NEUROP_NATIVE", "") == "off":
        yield Check("kernels", "off", f"NEUROP_NATIVE=off; {_OWN}", "unset NEUROP_NATIVE")
    else:
        yield _cpu()
        for index in range(torch.cuda.device_count()):
            yield _gpu(index)
    for place in ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]:
        yield check_numbers(torch.device(place))


def _cpu() -> Check:
    asked = os.environ.get("CXX")
    try:
        path = native.compile_library()
        if native.library() is not None:
            return Check("CPU kernels", "ok", f"compiled by {' '.join(native.compiler())}: {path}")
        found, remedy = f"cannot be loaded: {path}", "delete this file, so that it is made again"
    except (OSError, subprocess.SubprocessError) as error:
        found, remedy = native.reason(error), "install g++ with OpenMP"
    if asked:
        return Check(
            "CPU kernels", "fails", f"CXX={asked}: {found}; {_OWN}", "correct or unset CXX"
        )
    return Check("CPU kernels", "off", f"{found}; {_OWN}", remedy)


def _gpu(index: int) -> Check:
    name = f"CUDA kernels, cuda:{index}"
    major, minor = torch.cuda.get_device_capability(index)
    if (major, minor) < cuda.OLDEST:
        return Check(name, "off", f"none for sm_{major}{minor}, which is older than sm_80; {_OWN}")
    try:
        path = cuda.cubin(f"sm_{major}{minor}")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        remedy = "install nvcc, or a torch whose wheels bring NVRTC"
        return Check(name, "off", f"{native.reason(error)}; {_OWN}", remedy)
    made = "part of the package" if path.parent == cuda.PREBUILT else "compiled here"
    if cuda.module(index) is None:
        return Check(name, "off", f"cannot be loaded: {path}; {_OWN}", "update the driver")
    return Check(name, "ok", f"{made}: {path}")


def check_numbers(device: torch.device) -> Check:
    """Return the check of output and gradients of an FNO in float32 against float64.

    It takes about a second. The kernels compute in float32; float64 is computed by PyTorch.

    Parameters
    ----------
    device
        Device to compute on.

    Examples
    --------
    >>> check_numbers(torch.device("cpu")).state
    'ok'
    """
    start = time.perf_counter()
    worst = max(_difference(shape, device) for shape in _SHAPES)
    spent = time.perf_counter() - start
    found = f"float32 differs from float64 by {worst:.1e}, {spent:.1f} s"
    name = f"self-test, {device}"
    if worst <= TOLERANCE:
        return Check(name, "ok", found)
    remedy = "set NEUROP_NATIVE=off, delete the cache of kernels, and report it"
    return Check(name, "fails", f"{found}; at most {TOLERANCE:.0e} is rounding", remedy)


def _difference(shape: tuple[int, ...], device: torch.device) -> float:
    """Return the largest relative difference of output and gradients, in the norm of each."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        exact = FNO(2, 1, Grid.periodic(len(shape)), modes=3, width=8, depth=2).double()
        single = FNO(2, 1, Grid.periodic(len(shape)), modes=3, width=8, depth=2)
        x = torch.randn(3, 2, *shape, dtype=torch.float64)
    single.load_state_dict(exact.state_dict())
    results = []
    for net, values in ((exact.to(device), x), (single.to(device), x.float())):
        given = values.to(device).requires_grad_()
        y = net(given)
        gradients = torch.autograd.grad(y.square().sum(), [given, *net.parameters()])
        results.append([t.detach().double().cpu() for t in (y, *gradients)])
    return max(float((b - a).norm() / a.norm().clamp_min(1e-30)) for a, b in zip(*results))
