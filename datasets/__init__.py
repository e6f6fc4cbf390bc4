"""Data sets that make or read themselves, imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurop.datasets.burgers import Burgers
    from neurop.datasets.darcy import Darcy
    from neurop.datasets.darcy_public import DarcyPublic
    from neurop.datasets.era5 import ERA5
    from neurop.datasets.file import File
    from neurop.datasets.kuramoto_sivashinsky import KuramotoSivashinsky
    from neurop.datasets.navier_stokes import NavierStokes
    from neurop.datasets.shallow_water import ShallowWater
    from neurop.datasets.space_time import SpaceTime

__all__ = [
    "ERA5",
    "Burgers",
    "Darcy",
    "DarcyPublic",
    "File",
    "KuramotoSivashinsky",
    "NavierStokes",
    "ShallowWater",
    "SpaceTime",
]

_MODULES = {
    "NavierStokes": "navier_stokes",
    "KuramotoSivashinsky": "kuramoto_sivashinsky",
    "Burgers": "burgers",
    "Darcy": "darcy",
    "DarcyPublic": "darcy_public",
    "ERA5": "era5",
    "File": "file",
    "ShallowWater": "shallow_water",
    "SpaceTime": "space_time",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
