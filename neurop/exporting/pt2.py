"""The format of torch.export: a graph and its weights, for Python with PyTorch alone.

Source: https://docs.pytorch.org/docs/stable/export.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

SUFFIX = ".pt2"
ABOUT = "neurop.json"
"""Name of the description inside the file: ``extra_files`` of ``torch.export.load``."""


def check() -> None:
    """Do nothing: PyTorch is all that it needs."""


def write(
    program: ExportedProgram, path: Path, about: Mapping[str, Any], axes: Sequence[str]
) -> dict[str, str]:
    """Write a graph.

    Parameters
    ----------
    program
        Graph of the surrogate.
    path
        File.
    about
        Description of inputs and outputs, plain values, which goes into the file.
    axes
        Names of the axes of the grid.

    Returns
    -------
    dict
        Versions of what wrote the file.
    """
    torch.export.save(program, path, extra_files={ABOUT: json.dumps(about)})
    return {"torch": torch.__version__}
