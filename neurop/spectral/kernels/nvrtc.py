"""NVIDIA's run-time compiler, for machines that have PyTorch's CUDA wheels and no nvcc."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path
from typing import Any

_INCLUDE = re.compile(r'^#include "([^"]+)"$', re.MULTILINE)
_ONCE = re.compile(r"^#pragma once$", re.MULTILINE)


def compile_with_nvrtc(source: Path, architecture: str) -> bytes:
    """Return the compiled kernels of a source file and the files that it includes.

    Raises
    ------
    OSError
        If there is no NVRTC.
    RuntimeError
        If compilation fails; the message contains the compiler's log.
    """
    nvrtc = _library()
    program = ctypes.c_void_p()
    _check(
        nvrtc,
        nvrtc.nvrtcCreateProgram(
            ctypes.byref(program),
            inline_includes(source).encode(),
            source.name.encode(),
            0,
            None,
            None,
        ),
    )
    options = [b"--std=c++17", f"--gpu-architecture={architecture}".encode()]
    status = nvrtc.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options)
    )
    if status:
        raise RuntimeError(
            f"NVRTC: {_read(nvrtc, program, 'ProgramLog').decode(errors='replace').strip()}"
        )
    return _read(nvrtc, program, "CUBIN")


def inline_includes(source: Path) -> str:
    """Return the text of a file with its includes inserted, each once."""
    seen: set[str] = set()

    def insert(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return ""
        seen.add(name)
        return _ONCE.sub("", _INCLUDE.sub(insert, (source.parent / name).read_text()))

    return _INCLUDE.sub(insert, source.read_text())


def _read(nvrtc: Any, program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    _check(nvrtc, getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(nvrtc, getattr(nvrtc, f"nvrtcGet{what}")(program, buffer))
    return buffer.raw


def _library() -> Any:
    folders = [Path(path) / "nvidia" for path in sys.path if path]
    found = [
        file
        for folder in folders
        for file in sorted(folder.glob("**/lib/libnvrtc.so.*"))
        if ".alt" not in file.name
    ]
    for file in found:
        # NVRTC looks for this library by name, and finds it if it is loaded already.
        for part in file.parent.glob("libnvrtc-builtins.so.*"):
            ctypes.CDLL(str(part))
    for name in (*map(str, found), "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise OSError("neither nvcc nor libnvrtc was found")


def _check(nvrtc: Any, status: int) -> None:
    if status:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise RuntimeError(f"NVRTC: {nvrtc.nvrtcGetErrorString(status).decode()}")
