"""The device of the solvers."""

from __future__ import annotations

import os

import torch

from neurop.errors import InputError


def compute_device() -> torch.device:
    """Return the device of the solvers: ``$NEUROP_DEVICE`` if set, else CUDA if there is one.

    Raises
    ------
    InputError
        If this machine lacks the device that ``$NEUROP_DEVICE`` names.

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
        remedy = "this machine has no such device; use cpu, or cuda where there is one"
        raise InputError.of("NEUROP_DEVICE", wanted, remedy) from error
    return device
