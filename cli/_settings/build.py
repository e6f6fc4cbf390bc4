"""Create the objects that a configuration names, from trusted packages only."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from neurop.errors import InputError, nearest
from neurop.extras import advice, optional
from neurop.registry import trust_packages

TRUSTED = ("neurop", "torch.optim", "lightning")
# Only the command line can add packages: a configuration from a run or a download must not.
_trust: ContextVar[tuple[str, ...]] = ContextVar("trust", default=TRUSTED)


@contextmanager
def trusting(packages: str | Iterable[str] | None) -> Iterator[None]:
    """Trust these packages too (``mypkg`` or ``mypkg.*``) inside the block.

    Raises
    ------
    InputError
        If `packages` is not a list of names, or one is not installed.
    """
    names = (
        [packages]
        if isinstance(packages, str)
        else [*packages]
        if isinstance(packages, Iterable)
        else packages or []
    )
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"trust={packages}: give a list of packages, trust=[mypkg]", "trust", packages
        )
    token = _trust.set((*TRUSTED, *(name.removesuffix(".*") for name in names)))
    try:
        # Imported, since they may register models that a saved surrogate names.
        trust_packages(names)
        yield
    finally:
        _trust.reset(token)


def build(node: Any, **given: Any) -> Any:
    """Return the object of the ``_target_`` of a configuration node.

    Nested nodes with a ``_target_`` are created first; ``_partial_: true`` returns a function of
    the remaining arguments.

    Parameters
    ----------
    node
        Node or list of the configuration; None gives None.
    **given
        Arguments from the caller, which replace those of the node.

    Raises
    ------
    InputError
        If a target is not trusted or does not exist, a value is missing, or the constructor raises
        a ValueError, a TypeError or Lightning's MisconfigurationException.

    Examples
    --------
    >>> build({"_target_": "neurop.geometry.axis.Axis", "name": "y"}, length=2.0).length
    2.0
    """
    if node is None:
        return None
    path = ""
    if isinstance(node, DictConfig | ListConfig):
        path = str(node._get_full_key(None) or "")
        node = OmegaConf.to_container(node, resolve=True)
    return _make(node, path, given)


def trainer_callbacks(trainer: DictConfig) -> list[Any]:
    """Return the callbacks that the user names in the configuration of the trainer.

    Raises
    ------
    InputError
        If it sets a logger or a folder, which the command sets itself.
    """
    ours = {
        "logger": "choose it by logger=<name>",
        "default_root_dir": "give hydra.run.dir=<folder>",
    }
    for key, remedy in ours.items():
        if trainer.get(key) is not None:
            raise InputError.of(f"trainer.{key}", trainer[key], f"would be replaced; {remedy}")
    own = build(trainer.get("callbacks"))
    return own if isinstance(own, list) else [own] if own is not None else []


def _make(node: Any, path: str, given: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_make(item, f"{path}[{i}]", {}) for i, item in enumerate(node)]
    if not isinstance(node, dict):
        if node == "???":
            raise InputError(f"{path}: a value is needed; add {path}=...", path, "???")
        return node
    # Arguments from the caller need not be complete in the configuration.
    items = {
        k: v
        for k, v in node.items()
        if k not in given
        and k not in ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")
    }
    values = {
        key: _make(value, f"{path}.{key}" if path else str(key), {}) for key, value in items.items()
    }
    if "_target_" not in node:
        return {**values, **given}
    target = str(node["_target_"])
    call = partial(
        locate(target, path), *_make(node.get("_args_", []), path, {}), **values, **given
    )
    return call if node.get("_partial_") else _called(call, path or target)


def _called(call: Callable[[], Any], what: str) -> Any:
    try:
        return call()
    except InputError:
        raise
    except ModuleNotFoundError as error:
        raise _absent(error, what) from error
    except Exception as error:
        # Lightning's own class is known by its name, so that this module does not import Lightning.
        if (
            isinstance(error, ValueError | TypeError)
            or type(error).__name__ == "MisconfigurationException"
        ):
            raise InputError(f"{what}: {_first_line(error)}") from error
        raise


def locate(target: str, path: str = "") -> Callable[..., Any]:
    """Return the class or function of a dotted name.

    Raises
    ------
    InputError
        If it is not of a trusted package (checked before the import, and again for the object that
        was found), or does not exist.
    """
    where = f"{path}._target_" if path else "_target_"
    _check_trust(target, f"{where}: '{target}'", where, target)
    owner_name, _, name = target.rpartition(".")
    owner = _owner(owner_name, where)
    if not hasattr(owner, name):
        raise InputError(
            f"{where}: no '{name}' in {owner_name}; "
            f"{nearest(name, [n for n in dir(owner) if n[:1].isupper()] or dir(owner))}"
        )
    found: Callable[..., Any] = getattr(owner, name)
    if not callable(found):
        raise InputError(f"{where}: '{target}' cannot be called")
    # `neurop.a.os.system` starts with a trusted name but is not of that package.
    home = getattr(found, "__module__", None) or type(found).__module__
    _check_trust(
        f"{home}.{name}", f"{where}: '{target}' leads to '{home}.{name}', which", where, target
    )
    return found


def _owner(name: str, where: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _absent(error, where) from error
        parent, _, last = name.rpartition(".")
        owner = _owner(parent, where) if parent else None
        if owner is None or not hasattr(owner, last):
            raise InputError(f"{where}: no module '{name}'") from error
        return getattr(owner, last)


def trusted(name: str) -> bool:
    """Return whether a dotted name is of a package that the command line adds by ``trust=``."""
    return any(name.startswith(f"{package}.") for package in _trust.get() if package not in TRUSTED)


def _check_trust(name: str, what: str, where: str, target: str) -> None:
    if not any(name.startswith(f"{package}.") for package in _trust.get()):
        package = name.split(".")[0]
        raise InputError(
            f"{what} is not of {', '.join(_trust.get())}; add trust=[{package}] if you trust that "
            "package",
            where,
            target,
        )


def _absent(error: ModuleNotFoundError, what: str) -> InputError:
    """Return the error for a missing package, with the command that installs an optional one."""
    if package := optional(f"{error.name} {error}"):
        return InputError(f"{what} needs the package {package}: {advice(package)}", what, package)
    return InputError(f"{what}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
