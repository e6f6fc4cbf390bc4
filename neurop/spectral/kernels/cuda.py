"""CUDA kernels, loaded and launched through the driver, for any CUDA version of PyTorch."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neurop.spectral.kernels.compiled import compiled
from neurop.spectral.kernels.launches import THREADS, Launch
from neurop.spectral.kernels.nvrtc import compile_with_nvrtc

SOURCE = Path(__file__).parents[1] / "csrc" / "cuda"
PREBUILT = SOURCE / "prebuilt"
OLDEST = (8, 0)
"""Lowest compute capability with TF32 products and asynchronous copies."""
_MOST_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_log = logging.getLogger(__name__)


def usable(*tensors: Tensor) -> bool:
    """Return whether the kernels apply to these tensors: float32, on one GPU that has kernels."""
    device = tensors[0].device
    return (
        device.type == "cuda"
        and all(
            type(t) in (Tensor, torch.nn.Parameter)
            and t.dtype == torch.float32
            and t.device == device
            and t.numel()
            for t in tensors
        )
        and not torch.is_autocast_enabled("cuda")
        and _is_loaded(device.index)
    )


def _is_loaded(device: int) -> bool:
    return module(device) is not None


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler.
_is_loaded._dynamo_marked_constant = True  # type: ignore[attr-defined]


def launch(what: Launch) -> None:
    """Launch a kernel on its device, on PyTorch's current stream there."""
    assert what.device.index is not None
    loaded = module(what.device.index)
    assert loaded is not None
    words = (ctypes.c_int64 * len(what.words))(*what.words)
    parameters = (ctypes.c_void_p * 1)(ctypes.addressof(words))
    with torch.cuda.device(what.device):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        function = loaded.function(what.kernel, what.shared)
        _check(
            _driver().cuLaunchKernel(
                function, *what.grid, THREADS, 1, 1, what.shared, stream, parameters, None
            ),
            what.kernel,
        )


class Module:
    """The kernels of one device."""

    def __init__(self, image: bytes) -> None:
        self._handle = ctypes.c_void_p()
        self._functions: dict[str, ctypes.c_void_p] = {}
        _check(_driver().cuModuleLoadData(ctypes.byref(self._handle), image), "loading the kernels")

    def function(self, name: str, shared: int) -> ctypes.c_void_p:
        """Return a kernel that may use `shared` bytes of shared memory."""
        if name not in self._functions:
            found = ctypes.c_void_p()
            _check(
                _driver().cuModuleGetFunction(
                    ctypes.byref(found), self._handle, f"neurop_{name}".encode()
                ),
                name,
            )
            _check(_driver().cuFuncSetAttribute(found, _MOST_SHARED, shared), name)
            self._functions[name] = found
        return self._functions[name]


@lru_cache(maxsize=64)
def module(device: int) -> Module | None:
    """Return the kernels for a device, or None if there are none; the log gives the reason.

    They are part of the package if it was built with nvcc; otherwise they are compiled into the
    user's cache by nvcc, or by the NVRTC of PyTorch's CUDA wheels. ``NEUROP_NATIVE=off`` disables
    them.
    """
    capability = torch.cuda.get_device_capability(device)
    if os.environ.get("NEUROP_NATIVE", "") == "off" or capability < OLDEST:
        _log.info(
            "CUDA kernels are off for cuda:%d (sm_%d%d); using PyTorch's own operations",
            device,
            *capability,
        )
        return None
    try:
        path = cubin(f"sm_{capability[0]}{capability[1]}")
        with torch.cuda.device(device):
            torch.cuda.current_stream(device).synchronize()  # creates a CUDA context
            loaded = Module(path.read_bytes())
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        _log.info("CUDA kernels cannot be compiled (%s); using PyTorch's own operations", error)
        return None
    _log.info("CUDA kernels: %s", path)
    return loaded


def cubin(architecture: str) -> Path:
    """Return the compiled kernels of an architecture such as ``sm_90``; compile them if missing.

    Raises
    ------
    OSError, RuntimeError, subprocess.SubprocessError
        If neither nvcc nor NVRTC compiles them.
    """
    if (ready := PREBUILT / f"{architecture}.cubin").is_file():
        return ready
    nvcc = shutil.which("nvcc")
    sources = sorted([*SOURCE.glob("*.cuh"), *SOURCE.glob("*.cu")])
    about = [architecture, nvcc or "nvrtc", *(file.read_text() for file in sources)]
    key = hashlib.sha256(chr(0).join(about).encode()).hexdigest()[:16]

    def build(out: Path) -> None:
        if nvcc:
            compile_with_nvcc(nvcc, architecture, out)
        else:
            out.write_bytes(compile_with_nvrtc(SOURCE / "kernels.cu", architecture))

    return compiled(f"{architecture}-{key}.cubin", build)


def compile_with_nvcc(nvcc: str, architecture: str, out: Path) -> str:
    """Write the compiled kernels to `out`; return the assembler's report on registers, spills."""
    command = [
        nvcc,
        "-std=c++17",
        "-O3",
        f"-arch={architecture}",
        "-cubin",
        "-Xptxas",
        "-v",
        str(SOURCE / "kernels.cu"),
        "-o",
        str(out),
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stderr


@lru_cache(maxsize=1)
def _driver() -> Any:
    return ctypes.CDLL("libcuda.so.1")


def _check(status: int, what: str) -> None:
    if status:
        text = ctypes.c_char_p()
        _driver().cuGetErrorString(status, ctypes.byref(text))
        raise RuntimeError(
            f"CUDA driver, {what}: {(text.value or b'unknown error').decode()} ({status})"
        )
