"""Neural operators, and the registry of their names in configurations and saved surrogates."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, get_args

from neurop.errors import InputError
from neurop.plain_values import check_values, read_annotations
from neurop.registry import Registry, Spec

if TYPE_CHECKING:
    from neurop.convert.model import ConvertedNetwork as ConvertedNetwork
    from neurop.geometry.grid import Grid
    from neurop.models.afno import AFNO as AFNO
    from neurop.models.boosted import Boosted as Boosted
    from neurop.models.cnextunet import CNextUNet as CNextUNet
    from neurop.models.denoised import Denoised as Denoised
    from neurop.models.ffno import FFNO as FFNO
    from neurop.models.fno import FNO as FNO
    from neurop.models.gfno import GFNO as GFNO
    from neurop.models.ifno import IFNO as IFNO
    from neurop.models.iufno import IUFNO as IUFNO
    from neurop.models.local_fno import LocalFNO as LocalFNO
    from neurop.models.mono import MoNO as MoNO
    from neurop.models.operator import GridOperator as GridOperator
    from neurop.models.operator import Operator as Operator
    from neurop.models.patched import Patched as Patched
    from neurop.models.psi_fno import PsiFNO as PsiFNO
    from neurop.models.sfno import SFNO as SFNO
    from neurop.models.sgno import SGNO as SGNO
    from neurop.models.stable_fno import StableFNO as StableFNO
    from neurop.models.tfno import TFNO as TFNO
    from neurop.models.thermalized import Thermalized as Thermalized
    from neurop.models.transform_once import TransformOnce as TransformOnce
    from neurop.models.transform_once_plus import TransformOncePlus as TransformOncePlus
    from neurop.models.unet import UNet as UNet

REGISTRY = Registry(
    "model",
    {
        "afno": "neurop.models.afno:AFNO",
        "boosted": "neurop.models.boosted:Boosted",
        "cnextunet": "neurop.models.cnextunet:CNextUNet",
        "converted": "neurop.convert.model:ConvertedNetwork",
        "denoised": "neurop.models.denoised:Denoised",
        "ffno": "neurop.models.ffno:FFNO",
        "fno": "neurop.models.fno:FNO",
        "gfno": "neurop.models.gfno:GFNO",
        "ifno": "neurop.models.ifno:IFNO",
        "iufno": "neurop.models.iufno:IUFNO",
        "local_fno": "neurop.models.local_fno:LocalFNO",
        "mono": "neurop.models.mono:MoNO",
        "patched": "neurop.models.patched:Patched",
        "psi_fno": "neurop.models.psi_fno:PsiFNO",
        "sfno": "neurop.models.sfno:SFNO",
        "sgno": "neurop.models.sgno:SGNO",
        "stable_fno": "neurop.models.stable_fno:StableFNO",
        "t1": "neurop.models.transform_once:TransformOnce",
        "t1_plus": "neurop.models.transform_once_plus:TransformOncePlus",
        "tfno": "neurop.models.tfno:TFNO",
        "thermalized": "neurop.models.thermalized:Thermalized",
        "unet": "neurop.models.unet:UNet",
    },
    "neurop.models",
)
_PLACES = {
    "GridOperator": "neurop.models.operator",
    "Operator": "neurop.models.operator",
    **{name: module for module, name in (v.split(":") for v in REGISTRY.table.values())},
}


def create(
    spec: Spec | str,
    in_channels: int,
    out_channels: int,
    domain: Grid,
    numbers: Sequence[int] = (),
    **arguments: Any,
) -> Operator:
    """Return a model by its registered name.

    Parameters
    ----------
    spec
        Registered name, or name and arguments.
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields.
    numbers
        Indices of the input channels that are numbers, for the argument ``conditioning`` of a
        model that has it, or ``numbers`` of one that is made of others.
    **arguments
        Further arguments of the constructor.

    Raises
    ------
    InputError
        If there is no such model, it does not take an argument, or it is not an
        :class:`Operator`.

    Examples
    --------
    >>> from neurop.geometry.grid import Grid
    >>> create("fno", 1, 2, Grid.periodic(2), modes=4, width=8, depth=1).modes
    (4, 4)
    """
    from neurop.layers.conditioning.conditioning import Conditioning
    from neurop.models.operator import Operator

    spec = Spec.of(spec)
    hints = read_annotations(REGISTRY.get(spec.name))
    if "numbers" in hints:
        arguments["numbers"] = tuple(numbers)
    if Conditioning in get_args(hints.get("conditioning")):
        given = {**spec.arguments, **arguments}.get("conditioning", Conditioning.kind)
        arguments["conditioning"] = (
            given if isinstance(given, Conditioning) else Conditioning(given, tuple(numbers))
        )
        spec = Spec(spec.name, {k: v for k, v in spec.arguments.items() if k != "conditioning"})
    model = REGISTRY.create(spec, in_channels, out_channels, domain=domain, **arguments)
    if not isinstance(model, Operator):
        raise InputError(
            f"model {type(model).__name__}: not an operator; declare it as a subclass of "
            "neurop.models.GridOperator",
            "model",
            type(model).__name__,
        )
    return model


def parts(spec: Spec) -> Iterator[Spec]:
    """Yield a spec and those among its arguments, the models that it is made of.

    Examples
    --------
    >>> pair = Spec("boosted", {"base": Spec("fno"), "stage": Spec("unet")})
    >>> [part.name for part in parts(pair)]
    ['boosted', 'fno', 'unet']
    """
    yield spec
    for value in spec.arguments.values():
        if isinstance(value, Spec):
            yield from parts(value)


def origin_of(spec: Spec) -> dict[str, str | None]:
    """Return distribution and module of a model, or of the first of its parts of another package.

    They are those of :meth:`neurop.registry.Registry.origin_of`, for :func:`require`.
    """
    names = [part.name for part in parts(spec)]
    foreign = (name for name in names if name not in REGISTRY.table)
    return REGISTRY.origin_of(next(foreign, spec.name))


def require(spec: Spec, distribution: Any = None, module: Any = None) -> None:
    """Raise InputError unless a model that was read from a file, and its parts, are known.

    Arguments as in :meth:`neurop.registry.Registry.require`.
    """
    for part in parts(spec):
        REGISTRY.require(part.name, distribution, module)


def resolution_invariant(spec: Spec) -> bool:
    """Return whether a model is one operator at every resolution, as all of its parts are.

    The network of a converted one is not asked.
    """
    kind = REGISTRY.get(spec.name)
    if getattr(kind, "converts", False):
        return True
    inner = (value for value in spec.arguments.values() if isinstance(value, Spec))
    return getattr(kind, "resolution_invariant", True) and all(map(resolution_invariant, inner))


def check_arguments(spec: Spec, numbers: int) -> None:
    """Raise InputError for arguments in a file of a wrong type, or larger than `numbers`.

    Parameters
    ----------
    spec
        Name and arguments of the model, those of its parts included.
    numbers
        Number of all weights in the file.
    """
    from neurop.models.operator import FROM_DATA

    check_values(REGISTRY.get(spec.name), spec.arguments, "arguments")
    for name, value in spec.arguments.items():
        if name in FROM_DATA:
            raise InputError.of(f"arguments.{name}", value, "comes from the data; leave it out")
        sizes = value if isinstance(value, list) else [value]
        # No number in a model of neurop is larger than that of its weights.
        large = [n for n in sizes if type(n) in (int, float) and n > numbers]
        if large and spec.name in REGISTRY.table:
            remedy = f"model.safetensors has {numbers} numbers in all"
            raise InputError.of(f"arguments.{name}", value, remedy)
        if isinstance(value, Spec):
            check_arguments(value, numbers)


def __getattr__(name: str) -> Any:
    # Imported at first use: a saved surrogate needs one model, and a list of names none.
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'neurop.models' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(["REGISTRY", "create", *_PLACES])
