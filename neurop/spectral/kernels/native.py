"""The CPU kernels of ``csrc``: compiled on first use into a cache, called through a plain C
interface.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from neurop.cache import cache_folder

_SOURCE = Path(__file__).parents[1] / "csrc"
_FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fopenmp",
    "-fPIC",
    "-shared",
)
_SECONDS = 120
_log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """Return the compiled kernels, or None where there are none; the log says once which and why.

    They need Linux, a C++ compiler (``CXX``, else g++ or clang++) with OpenMP, and a folder to
    write to (``NEUROP_CACHE``, else the user's cache). ``NEUROP_NATIVE=off`` does without them.
    """
    if os.environ.get("NEUROP_NATIVE", "") == "off" or platform.system() != "Linux":
        _log.info("CPU kernels are off; fields pass through PyTorch's own operations")
        return None
    try:
        path = _compiled()
        loaded = ctypes.CDLL(str(path))
    except (OSError, subprocess.SubprocessError) as error:
        _log.info(
            "CPU kernels cannot be compiled (%s); fields pass through PyTorch's own operations",
            error,
        )
        return None
    _log.info("CPU kernels: %s", path)
    return loaded


def usable(*tensors: Tensor) -> bool:
    """Return whether the kernels can take these tensors: float32 on the CPU, and not under
    autocast.
    """
    return (
        all(
            t.device.type == "cpu"
            and type(t) in (Tensor, torch.nn.Parameter)
            and t.dtype == torch.float32
            and t.numel()
            for t in tensors
        )
        and not torch.is_autocast_enabled("cpu")
        and _there()
    )


def _there() -> bool:
    return library() is not None


# What torch.compiler.assume_constant_result does, without the import of the whole compiler.
_there._dynamo_marked_constant = True  # type: ignore[attr-defined]


def call(name: str, sizes: Sequence[int], *arguments: Tensor | Sequence[Tensor] | None) -> None:
    """Call a kernel with PyTorch's number of threads; arguments are contiguous tensors, lists of
    them, or None for a null pointer.
    """
    kernels = library()
    assert kernels is not None
    function = getattr(kernels, f"neurop_{name}")
    function.restype = None
    function(
        torch.get_num_threads(),
        (ctypes.c_int64 * len(sizes))(*sizes),
        *(_pointer(a) for a in arguments),
    )


def _pointer(
    argument: Tensor | Sequence[Tensor] | None,
) -> ctypes.c_void_p | ctypes.Array[ctypes.c_void_p]:
    if argument is None:
        return ctypes.c_void_p(0)
    if isinstance(argument, Tensor):
        assert argument.is_contiguous()
        return ctypes.c_void_p(argument.data_ptr())
    return (ctypes.c_void_p * len(argument))(*(t.data_ptr() for t in argument))


def _compiled() -> Path:
    """Return the library, made by now if it was not there."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise FileNotFoundError("no C++ compiler: install g++, or set CXX")
    sources = sorted(_SOURCE.glob("*.[ch]pp"))
    about = [
        compiler,
        *_FLAGS,
        _processor(),
        _run([compiler, "--version"]),
        *(file.read_text() for file in sources),
    ]
    folder = cache_folder()
    path = folder / f"cpu-{hashlib.sha256(chr(0).join(about).encode()).hexdigest()[:16]}.so"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        # Another process may do the same: each writes a file of its own, and the last to be renamed
        # stays.
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / path.name
            _run(
                [
                    compiler,
                    *_FLAGS,
                    *(str(file) for file in sources if file.suffix == ".cpp"),
                    "-o",
                    str(made),
                ]
            )
            made.replace(path)
    return path


def _run(command: Sequence[str]) -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=_SECONDS
    ).stdout


def _processor() -> str:
    """Return what tells processors apart: code for one need not run on another that shares the
    cache.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(
        sorted(
            {
                line
                for line in lines
                if line.startswith(("model name", "flags", "Features", "CPU part"))
            }
        )
    )
