"""Where the solvers compute."""

from __future__ import annotations

import os

import torch

from neurop.errors import InputError


def compute_device() -> torch.device:
    """Return the device of the solvers: ``$NEUROP_DEVICE`` if set, else a CUDA device if there is
    one, else the CPU.

    Raises
    ------
    InputError
        If ``$NEUROP_DEVICE`` names no device of this machine.

    Examples
    --------
    >>> compute_device().type in ("cpu", "cuda")
    True
    """
    wanted = os.environ.get("NEUROP_DEVICE", "")
    if not wanted:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"NEUROP_DEVICE={wanted} is no device of this machine; use cpu, or cuda where there "
            "is one"
        ) from error
    return device
