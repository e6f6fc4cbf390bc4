"""Environment variables that the user has set, and whether what they ask for works."""

from __future__ import annotations

import os
from collections.abc import Iterator

from neurop.doctor.check import Check
from neurop.errors import InputError, nearest
from neurop.extras import advice
from neurop.physics.device import compute_device
from neurop.spectral.torch_harmonics import selected

CHOICES = {
    "NEUROP_NATIVE": ("off",),
    "NEUROP_ALLOCATOR": ("system",),
    "NEUROP_SHT": ("neurop", "torch-harmonics"),
}
"""Variables with a list of values."""
KNOWN = (*CHOICES, "NEUROP_CACHE", "NEUROP_DATA", "NEUROP_DEBUG", "NEUROP_DEVICE", "NEUROP_CUDA")


def check_settings() -> Iterator[Check]:
    """Yield a check for each variable ``NEUROP_*`` that is set; an unknown one fails."""
    for name, value in sorted(os.environ.items()):
        if not name.startswith("NEUROP_") or not value:
            continue
        what = f"{name}={value}"
        if name not in KNOWN:
            yield Check(what, "fails", "no setting of neurop", nearest(name, KNOWN))
        elif name in CHOICES and value not in CHOICES[name]:
            yield Check(what, "fails", "has no effect", f"use {' or '.join(CHOICES[name])}")
        elif name == "NEUROP_DEVICE":
            yield _device(what)
        elif name == "NEUROP_SHT" and selected():
            yield _harmonics(what)
        elif name not in ("NEUROP_CACHE", "NEUROP_DATA"):  # these are among the folders
            yield Check(what, "ok", "set")


def _device(what: str) -> Check:
    try:
        return Check(what, "ok", str(compute_device()))
    except InputError as error:
        return Check(what, "fails", "no such device here", str(error).partition(": ")[2])


def _harmonics(what: str) -> Check:
    try:
        import torch_harmonics  # noqa: F401
    except ImportError as error:
        found = str(error).splitlines()[0]
        return Check(what, "fails", found, advice("torch-harmonics"))
    return Check(what, "ok", "spherical transforms by torch-harmonics")
