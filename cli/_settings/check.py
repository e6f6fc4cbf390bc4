"""Check a composed configuration against the signatures of its targets, before any computation.

The types come from the annotations of the constructors, so Lightning's and a user's classes are
checked as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_origin

from omegaconf import DictConfig, OmegaConf, open_dict

from neurop.errors import InputError, nearest
from neurop.plain_values import LISTS, as_yaml, describe_type, group_of, has_type, read_annotations

from .build import locate
from .renamed import RENAMED


def mistakes(cfg: DictConfig) -> Iterator[str]:
    """Yield one line for each value that its ``_target_`` would not accept.

    A missing value (``???``) is accepted: the verb fills it in, or reports that it is needed.
    """
    yield from _walk(OmegaConf.to_container(cfg, resolve=True), "")


def left_out(cfg: DictConfig, given: Iterable[str]) -> None:
    """Remove settings from ``cfg.model`` that its target lacks and the command line does not name.

    A data set recommends settings for one model; another model may not have all of them.
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


def check_seed(seed: Any) -> None:
    """Raise InputError unless the seed of a training is an integer that all libraries take."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError.of("seed", seed, f"give an integer from 0 to {2**32 - 1}")


def check_types(cfg: DictConfig, settings: Mapping[str, Any]) -> None:
    """Raise InputError, one line for each value that does not fit the annotation of its key."""
    values = {key: OmegaConf.select(cfg, key) for key in settings}
    plain = {
        key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        for key, value in values.items()
    }
    wrong = [
        f"{key}: expected {describe_type(hint)}, got {as_yaml(plain[key])}"
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
            yield f"{where}: expected {describe_type(hints[key])}, got {as_yaml(value)}{remedy}"


def _instead(key: str, target: str, value: Any, path: str) -> str:
    """Return the end of a message: the new name of a setting of earlier versions; else empty."""
    new = RENAMED.get(target, {}).get(key)
    return f"; write {path}.{new}={_plain(value)}" if new and not isinstance(value, dict) else ""


def _group(value: dict[str, Any], kind: type, where: str) -> Iterator[str]:
    """Yield one line for each key of a mapping that its dataclass would not accept."""
    hints = {k: hint for k, hint in read_annotations(kind).items() if k != "return"}
    for key, item in value.items():
        if key not in hints:
            yield f"{where}: there is no '{key}' in it; {nearest(key, hints)}"
        elif not fits(item, hints[key]):
            yield f"{where}.{key}: expected {describe_type(hints[key])}, got {as_yaml(item)}"


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value of the configuration, or the value that replaces it, fits a type.

    Examples
    --------
    >>> fits("???", int), fits({"_target_": "torch.optim.Adam"}, int), fits("auto", list[int])
    (True, True, True)
    """
    return has_type(value, hint, _stands_for)


def _stands_for(value: Any, hint: Any) -> bool:
    """Return whether a value is replaced before use: missing, an object, or an ``auto`` list."""
    if isinstance(value, dict):
        return "_target_" in value
    return value == "???" or (value == "auto" and (get_origin(hint) or hint) in LISTS)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else as_yaml(value)
