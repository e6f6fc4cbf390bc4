"""Models, and the table of the names under which checkpoints know them."""

from __future__ import annotations

from typing import Any

from torch import nn

from neurop.errors import InputError, nearest
from neurop.geometry.grid import Grid
from neurop.models.ffno import FFNO
from neurop.models.fno import FNO
from neurop.models.sfno import SFNO
from neurop.models.tfno import TFNO
from neurop.models.transform_once import TransformOnce
from neurop.models.transform_once_plus import TransformOncePlus

REGISTRY: dict[str, type[nn.Module]] = {
    "ffno": FFNO,
    "fno": FNO,
    "sfno": SFNO,
    "tfno": TFNO,
    "t1": TransformOnce,
    "t1_plus": TransformOncePlus,
}
"""Registered name to class: a checkpoint names its model by this, never by an import path."""


def create(
    name: str, in_channels: int, out_channels: int, domain: Grid, **arguments: Any
) -> nn.Module:
    """Return the registered model `name` for a grid; raise InputError if there is none or it
    refuses an argument.
    """
    if name not in REGISTRY:
        raise InputError(f"no model '{name}'; {nearest(name, REGISTRY)}")
    try:
        return REGISTRY[name](in_channels, out_channels, domain=domain, **arguments)
    except TypeError as error:
        raise InputError(f"model {name}: {error}") from error


def name_of(kind: type[nn.Module]) -> str:
    """Return the registered name of a class of models; raise InputError if it has none."""
    for name, known in REGISTRY.items():
        if known is kind:
            return name
    raise InputError(
        f"{kind.__name__} is not registered; add neurop.models.REGISTRY['my_name'] = "
        f"{kind.__name__} to its module"
    )


__all__ = [
    "FFNO",
    "FNO",
    "REGISTRY",
    "SFNO",
    "TFNO",
    "TransformOnce",
    "TransformOncePlus",
    "create",
    "name_of",
]
