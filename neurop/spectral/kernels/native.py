"""The CPU kernels of ``csrc``, compiled into a cache on first use, with a plain C interface."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from neurop.spectral.kernels.compiled import UnsafeFolder, compiled

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
    """Return the compiled kernels, or None if there are none; the log gives the reason.

    They need Linux, a C++ compiler (``CXX``, else g++ or clang++) with OpenMP, and a folder to
    write to (``NEUROP_CACHE``, else the user's cache). ``NEUROP_NATIVE=off`` disables them. A
    warning says so if ``CXX`` is set and cannot compile them.
    """
    if os.environ.get("NEUROP_NATIVE", "") == "off" or platform.system() != "Linux":
        _log.info("CPU kernels are off; using PyTorch's own operations")
        return None
    try:
        path = compile_library()
        loaded = ctypes.CDLL(str(path))
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CXX"):
            warnings.warn(
                f"CXX={os.environ['CXX']} cannot compile the CPU kernels ({reason(error)}); "
                "PyTorch's own operations are used, which are slower: correct or unset CXX",
                stacklevel=2,
            )
        elif isinstance(error, UnsafeFolder):
            warnings.warn(
                f"the CPU kernels are not used, PyTorch's own operations are slower: {error}",
                stacklevel=2,
            )
        _log.info(
            "CPU kernels cannot be compiled (%s); using PyTorch's own operations",
            error,
        )
        return None
    _log.info("CPU kernels: %s", path)
    return loaded


def usable(*tensors: Tensor) -> bool:
    """Return whether the kernels apply to these tensors: float32 on the CPU, without autocast."""
    return (
        all(
            t.device.type == "cpu"
            and type(t) in (Tensor, torch.nn.Parameter)
            and t.dtype == torch.float32
            and t.numel()
            for t in tensors
        )
        and not torch.is_autocast_enabled("cpu")
        and _is_loaded()
    )


def _is_loaded() -> bool:
    return library() is not None


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler.
_is_loaded._dynamo_marked_constant = True  # type: ignore[attr-defined]


def call(
    name: str, sizes: Sequence[int], *arguments: Tensor | Sequence[Tensor | None] | None
) -> None:
    """Call a kernel with PyTorch's number of threads.

    Parameters
    ----------
    name
        Name of the kernel.
    sizes
        Its integer arguments.
    arguments
        Contiguous tensors, lists of them, or None for a null pointer, also within a list.
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
    argument: Tensor | Sequence[Tensor | None] | None,
) -> ctypes.c_void_p | ctypes.Array[ctypes.c_void_p]:
    if argument is None:
        return ctypes.c_void_p(0)
    if isinstance(argument, Tensor):
        assert argument.is_contiguous()
        return ctypes.c_void_p(argument.data_ptr())
    pointers = (0 if t is None else t.data_ptr() for t in argument)
    return (ctypes.c_void_p * len(argument))(*pointers)


def compiler() -> list[str]:
    """Return the command of the C++ compiler: ``CXX``, which may have arguments, g++ or clang++.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    if chosen := os.environ.get("CXX"):
        return [chosen] if shutil.which(chosen) else shlex.split(chosen)
    found = shutil.which("g++") or shutil.which("clang++")
    if found is None:
        raise FileNotFoundError("no C++ compiler: install g++, or set CXX")
    return [found]


def reason(error: Exception) -> str:
    """Return why the kernels could not be compiled, in one line."""
    said = getattr(error, "stderr", None) or str(error)
    lines = [line for line in str(said).splitlines() if line.strip()]
    wrong = [line for line in lines if "error" in line.lower()]
    return (wrong or lines or [type(error).__name__])[0].strip()[:200]


def compile_library() -> Path:
    """Return the path of the compiled kernels; compile them if they are missing.

    Raises
    ------
    OSError, subprocess.SubprocessError
        If there is no compiler, it fails, or the cache cannot be written.
    """
    command = compiler()
    sources = sorted(_SOURCE.glob("*.[ch]pp"))
    about = [
        *command,
        *_FLAGS,
        _processor(),
        _run([*command, "--version"]),
        *(file.read_text() for file in sources),
    ]
    key = hashlib.sha256(chr(0).join(about).encode()).hexdigest()[:16]
    files = [str(file) for file in sources if file.suffix == ".cpp"]
    return compiled(f"cpu-{key}.so", lambda out: _compile([*command, *_FLAGS, *files], out))


def _compile(command: Sequence[str], out: Path) -> None:
    _run([*command, "-o", str(out)])


def _run(command: Sequence[str]) -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=_SECONDS
    ).stdout


def _processor() -> str:
    """Return a description of the processor, since code for one may not run on another."""
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
