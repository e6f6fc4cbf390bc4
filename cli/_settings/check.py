"""Hold a composed configuration to the signatures that it will call, before anything is computed.

The types come from the constructors' own annotations, so Lightning's and a user's classes are held
to theirs as well.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf, open_dict

from neurop.errors import InputError, nearest

from .build import locate
from .renamed import RENAMED

_SCALARS: tuple[Any, ...] = (bool, int, float, str, type(None))
_LISTS: tuple[Any, ...] = (list, tuple, set, Sequence)


def mistakes(cfg: DictConfig) -> Iterator[str]:
    """Yield one line for each value that its ``_target_`` would not take.

    A missing value (``???``) passes: the verb fills it in, or says that it is needed.
    """
    yield from _walk(OmegaConf.to_container(cfg, resolve=True), "")


def left_out(cfg: DictConfig, given: Iterable[str]) -> None:
    """Take out of ``cfg.model`` what its target does not take and the command line does not name.

    A recipe suits a data set, whatever the model: what it says of one that another does not have is
    of no meaning for it.
    """
    node = cfg.get("model")
    if not isinstance(node, DictConfig) or "_target_" not in node:
        return
    takes = inspect.signature(locate(str(node["_target_"]), "model")).parameters
    named = {word.lstrip("+~").split("=", 1)[0] for word in given}
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return
    with open_dict(node):
        for key in [key for key in node if isinstance(key, str) and not key.startswith("_")]:
            if key not in takes and f"model.{key}" not in named:
                del node[key]


def check_types(cfg: DictConfig, settings: Mapping[str, Any]) -> None:
    """Raise InputError, one line for each value that does not fit the annotation of its key."""
    values = {key: OmegaConf.select(cfg, key) for key in settings}
    plain = {
        key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        for key, value in values.items()
    }
    wrong = [
        f"{key}: expected {describe_type(hint)}, got {_yaml(plain[key])}"
        for key, hint in settings.items()
        if not fits(plain[key], hint)
    ]
    if wrong:
        raise InputError("\n".join(wrong))


def _walk(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk(item, f"{path}[{index}]")
    if not isinstance(node, dict):
        return
    if "_target_" in node:
        try:
            yield from _call(node, path)
        except InputError as error:
            yield str(error)
    for key, value in node.items():
        yield from _walk(value, f"{path}.{key}" if path else str(key))


def _call(node: dict[str, Any], path: str) -> Iterator[str]:
    target = str(node["_target_"])
    call = locate(target, path)
    takes = {
        name: p
        for name, p in inspect.signature(call).parameters.items()
        if p.kind is not p.POSITIONAL_ONLY
    }
    named = [name for name, p in takes.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    open_ended = len(named) < len(takes) and any(p.kind is p.VAR_KEYWORD for p in takes.values())
    hints = read_annotations(call)
    for key, value in node.items():
        if key.startswith("_"):
            continue
        where = f"{path}.{key}" if path else key
        if key not in named and not open_ended:
            new = RENAMED.get(target, {}).get(key)
            yield f"{where}: {target} takes no '{key}'; " + (
                f"it is {path}.{new}" if new else nearest(key, named)
            )
        elif (
            (kind := group_of(hints.get(key, Any)))
            and isinstance(value, dict)
            and "_target_" not in value
        ):
            yield from _group(value, kind, where)
        elif not fits(value, hints.get(key, Any)):
            remedy = _instead(key, target, value, path)
            yield f"{where}: expected {describe_type(hints[key])}, got {_yaml(value)}{remedy}"


def _instead(key: str, target: str, value: Any, path: str) -> str:
    """Return the new spelling of a setting that earlier versions took as it stands, to end a
    message with; else nothing.
    """
    new = RENAMED.get(target, {}).get(key)
    return f"; write {path}.{new}={_plain(value)}" if new and not isinstance(value, dict) else ""


def _group(value: dict[str, Any], kind: type, where: str) -> Iterator[str]:
    """Yield one line for each key of a mapping that the dataclass it stands for would not take."""
    names = {field.name for field in fields(kind)}
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name in names}
    for key, item in value.items():
        if key not in hints:
            yield f"{where}: there is no '{key}' in it; {nearest(key, hints)}"
        elif not fits(item, hints[key]):
            yield f"{where}.{key}: expected {describe_type(hints[key])}, got {_yaml(item)}"


def group_of(hint: Any) -> type | None:
    """Return the dataclass of an annotation that takes a mapping for it; None for any other
    annotation.

    Examples
    --------
    >>> from neurop.generation.storage import Storage
    >>> group_of(Storage | Mapping[str, Any] | None).__name__
    'Storage'
    >>> group_of(Storage | None), group_of(Mapping[str, int])
    (None, None)
    """
    parts = get_args(hint) if (get_origin(hint) in (Union, types.UnionType)) else ()
    mapped = any((get_origin(part) or part) is Mapping for part in parts)
    return (
        next((part for part in parts if inspect.isclass(part) and is_dataclass(part)), None)
        if mapped
        else None
    )


def read_annotations(call: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a class's constructor or of a function; empty where they cannot
    be read.
    """
    try:
        return get_type_hints(call.__init__ if inspect.isclass(call) else call)
    except (NameError, TypeError):  # names imported for type checkers alone
        return {}


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value from YAML fits an annotation; one that YAML cannot write fits
    anything.

    Examples
    --------
    >>> fits([16, 16], tuple[int, ...]), fits([16, "x"], tuple[int, ...])
    (True, False)
    >>> fits(1, float), fits(True, int)
    (True, False)
    """
    if (isinstance(value, str) and value == "???") or (
        isinstance(value, dict) and "_target_" in value
    ):
        return True
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        # YAML writes no tensor, so apart from float the alternative Tensor takes nothing.
        return any(fits(value, part) for part in _writable(parts))
    if origin is Literal:
        return value in parts
    if origin in _SCALARS:
        return type(value) is origin or (origin is float and type(value) is int)
    if origin is Path:
        return isinstance(value, str)
    if origin in _LISTS:
        # What the data set computes stands there as a word until the data set has been made.
        return value == "auto" or (isinstance(value, list) and _items_fit(value, origin, parts))
    if origin in (dict, Mapping):
        return isinstance(value, dict) and (
            not parts or all(fits(item, parts[1]) for item in value.values())
        )
    return True


def _writable(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the alternatives that YAML can write; all of them if only ``null`` is."""
    plain = tuple(
        p
        for p in parts
        if not inspect.isclass(p) or p in (*_SCALARS, *_LISTS, dict, Path, object) or get_origin(p)
    )
    return plain if set(plain) - {type(None)} else parts


def _items_fit(value: list[Any], origin: Any, parts: tuple[Any, ...]) -> bool:
    if not parts:
        return True
    if origin is tuple and parts[-1] is not Ellipsis:
        return len(value) == len(parts) and all(map(fits, value, parts))
    return all(fits(item, parts[0]) for item in value)


def describe_type(hint: Any) -> str:
    """Return an annotation in words.

    Examples
    --------
    >>> describe_type(int | None), describe_type(tuple[int, ...]), describe_type(Literal["a", "b"])
    ('int or null', 'a list of int', "'a' or 'b'")
    """
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if kind := group_of(hint):
        return f"a mapping of {', '.join(kind.__dataclass_fields__)}"  # type: ignore[attr-defined]
    if origin in (Union, types.UnionType):
        return " or ".join(describe_type(part) for part in _writable(parts))
    if origin is Literal:
        return " or ".join(map(_yaml, parts))
    if origin is type(None):
        return "null"
    if origin is Path:
        return "a path"
    if origin in _LISTS:
        if origin is tuple and parts and parts[-1] is not Ellipsis:
            return f"a list of {len(parts)} ({', '.join(map(describe_type, parts))})"
        return f"a list of {describe_type(parts[0])}" if parts else "a list"
    if origin in (dict, Mapping):
        return "a mapping"
    return getattr(origin, "__name__", str(hint))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _yaml(value)


def _yaml(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)
