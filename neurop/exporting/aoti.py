"""AOTInductor: a graph compiled to a library for this kind of processor, for C++ and Python.

Source: https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from neurop.errors import InputError

SUFFIX = ".aoti.pt2"


def check() -> None:
    """Raise InputError unless there is a C++ compiler."""
    names = (os.environ.get("CXX"), "g++", "clang++")
    if not any(name and shutil.which(name.split()[-1]) for name in names):
        remedy = "needs a C++ compiler; install g++, or set CXX"
        raise InputError.of("format", "aoti", remedy)


def write(
    program: ExportedProgram, path: Path, about: Mapping[str, Any], axes: Sequence[str]
) -> dict[str, str]:
    """Compile a graph; arguments and result are those of :func:`neurop.exporting.pt2.write`.

    The description is in the metadata of the package, under ``neurop``.
    """
    settings = {"aot_inductor.metadata": {"neurop": json.dumps(about)}}
    torch._inductor.aoti_compile_and_package(
        program, package_path=str(path), inductor_configs=settings
    )
    return {"torch": torch.__version__}
