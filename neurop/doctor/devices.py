"""Processors: the CPU, and GPUs that torch can use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import torch

from neurop.doctor.check import Check
from neurop.machine import describe_machine

_TORCH = "install the build of torch for your driver: https://pytorch.org/get-started"


def check_devices() -> Iterator[Check]:
    """Yield a check for the CPU, and one for each GPU.

    A GPU that ``CUDA_VISIBLE_DEVICES`` names and that torch cannot use fails.
    """
    machine = describe_machine()
    memory = machine["memory_gb"]
    size = "" if memory is None else f", {memory:.1f} GB"
    cores = f"{machine['logical_cpus']} cores, {machine['threads']} threads of torch"
    found = f"{machine['processor']}, {cores}{size}, {machine['cpu_capability']}"
    yield Check("cpu", "ok", found)
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(index)
            held = f"{about.total_memory / 1e9:.1f} GB, sm_{about.major}{about.minor}"
            yield Check(f"cuda:{index}", "ok", f"{about.name}, {held}")
        return
    asked = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    build = f"torch {torch.__version__} is built " + (
        f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    )
    if asked not in ("", "-1", "NoDevFiles"):
        found = f"CUDA_VISIBLE_DEVICES={asked} asks for a GPU, torch finds none; {build}"
        yield Check("cuda", "fails", found, f"{_TORCH}; or unset CUDA_VISIBLE_DEVICES")
    elif shutil.which("nvidia-smi"):
        yield Check("cuda", "off", f"there is a driver, torch finds no GPU; {build}", _TORCH)
    else:
        yield Check("cuda", "off", f"no GPU; {build}")
