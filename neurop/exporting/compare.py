"""A written file against the surrogate: run in a fresh process without neurop."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurop.errors import ExternalFailure
from neurop.exporting import run_file
from neurop.exporting.examples import examples
from neurop.surrogate import Surrogate

TOLERANCE = 1e-4
"""Largest accepted relative difference in single precision."""
_ROUNDING = 16
"""Accepted rounding of values that are large compared with their deviation, in units of eps."""


def differences(
    surrogate: Surrogate, kind: str, path: Path, sizes: Sequence[tuple[int, tuple[int, ...]]]
) -> list[dict[str, Any]]:
    r"""Return the largest relative difference between a file and the surrogate, for each size.

    .. math:: \max_c \frac{\max_x |y_c(x) - \tilde y_c(x)|}
       {\max(\sigma_c, \max_x |y_c(x) - \mu_c|)}

    with the training mean and deviation of each field c.

    Parameters
    ----------
    surrogate
        Surrogate on the CPU, in evaluation mode.
    kind
        Format of the file.
    path
        File.
    sizes
        Number of samples and points per axis of each comparison.

    Raises
    ------
    ExternalFailure
        If the file does not run, or differs by more than :data:`TOLERANCE`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, expected = Path(name), []
        for index, (batch, shape) in enumerate(sizes):
            inputs = examples(surrogate, batch, shape, seed=index + 1)
            with torch.no_grad():
                given = inputs[1] if len(inputs) > 1 else None
                expected.append(surrogate(inputs[0], given=given))
            for what, tensor in zip(("x", "given"), inputs):
                np.save(folder / f"{index}.{what}.npy", tensor.numpy())
        _run(kind, path, folder)
        found = [torch.from_numpy(np.load(folder / f"{i}.y.npy")) for i in range(len(sizes))]
    rows = []
    for (batch, shape), y, truth in zip(sizes, found, expected, strict=True):
        largest, accepted = _relative(surrogate, y, truth)
        if not largest <= accepted:
            raise ExternalFailure(
                f"the {kind} file of {surrogate.name} differs from the surrogate by {largest:.2g} "
                f"of the deviation on {batch} samples of {list(shape)} points; {accepted:.1g} is "
                "accepted, and no file is written: try another format"
            )
        rows.append({"batch": batch, "grid": list(shape), "largest_difference": largest})
    return rows


def _relative(surrogate: Surrogate, y: Tensor, truth: Tensor) -> tuple[float, float]:
    """Return the largest relative difference, and the accepted one."""
    if y.shape != truth.shape:
        return float("inf"), TOLERANCE
    norm = surrogate.context.norm
    centred = norm(truth) * norm.std.view(-1, *[1] * (truth.dim() - 2))
    axes = tuple(i for i in range(truth.dim()) if i != 1)
    size = torch.maximum(centred.abs().amax(axes), norm.std)
    each = (y.double() - truth.double()).abs().amax(axes) / size
    rounding = _ROUNDING * torch.finfo(truth.dtype).eps * truth.abs().amax(axes) / size
    return float(each.max()), TOLERANCE + float(rounding.max())


def _run(kind: str, path: Path, folder: Path) -> None:
    """Run the file in a fresh process, elsewhere, whose script imports no neurop."""
    # -P: the folder of the script, which has modules named like packages, is not searched.
    script, file = Path(run_file.__file__).resolve(), path.resolve()
    command = [sys.executable, "-P", str(script), kind, str(file), str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"exit status {done.returncode}"
        raise ExternalFailure(f"the {kind} file does not run in a fresh process: {reason[:300]}")
