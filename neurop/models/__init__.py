"""Models, and the table of the names under which saved surrogates know them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from neurop.registry import Registry, Spec

if TYPE_CHECKING:
    from neurop.geometry.grid import Grid

REGISTRY = Registry(
    "model",
    {
        "ffno": "neurop.models.ffno:FFNO",
        "fno": "neurop.models.fno:FNO",
        "sfno": "neurop.models.sfno:SFNO",
        "t1": "neurop.models.transform_once:TransformOnce",
        "t1_plus": "neurop.models.transform_once_plus:TransformOncePlus",
        "tfno": "neurop.models.tfno:TFNO",
    },
    "neurop.models",
)
_CLASSES = {
    "FFNO": "ffno",
    "FNO": "fno",
    "SFNO": "sfno",
    "TFNO": "tfno",
    "TransformOnce": "transform_once",
    "TransformOncePlus": "transform_once_plus",
}


def create(
    spec: Spec | str, in_channels: int, out_channels: int, domain: Grid, **arguments: Any
) -> Any:
    """Return a registered model for a grid; raise InputError if it refuses an argument."""
    return REGISTRY.create(spec, in_channels, out_channels, domain=domain, **arguments)


def name_of(kind: type) -> str:
    """Return the registered name of a class of models; raise InputError if it has none."""
    return REGISTRY.name_of(kind)


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return getattr(importlib.import_module(f"neurop.models.{_CLASSES[name]}"), name)
    raise AttributeError(f"module 'neurop.models' has no attribute '{name}'")


def __dir__() -> list[str]:
    return ["REGISTRY", "create", "name_of", *_CLASSES]
