"""Models, and the table of the names under which checkpoints know them."""

from __future__ import annotations

from typing import Any

from torch import nn

from neurop.errors import InputError, nearest
from neurop.models.fno import FNO
from neurop.physics.grid import Grid

REGISTRY: dict[str, type[nn.Module]] = {"fno": FNO}
"""Registered name to class: a checkpoint names its model by this, never by an import path."""


def create(name: str, in_channels: int, out_channels: int, domain: Grid, **arguments: Any) -> nn.Module:
    """Return the registered model `name` for a grid; raise InputError if there is none."""
    if name not in REGISTRY:
        raise InputError(f"no model '{name}'; {nearest(name, REGISTRY)}")
    return REGISTRY[name](in_channels, out_channels, domain=domain, **arguments)


__all__ = ["FNO", "REGISTRY", "create"]
