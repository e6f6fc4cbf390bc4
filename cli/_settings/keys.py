"""Names of settings for the arguments of the library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop.errors import InputError

from .change import as_typed


def full_key(key: str, value: Any, cfg: DictConfig) -> str | None:
    """Return the full key of the setting for an argument of the library; None if ambiguous.

    Parameters
    ----------
    key, value
        Name and value of the argument.
    cfg
        Composed configuration.

    Examples
    --------
    >>> augment = {"a": {"share": 2}, "b": {"share": 0.5}}
    >>> cfg = OmegaConf.create({"loader": {"batch_size": 0}, "augment": augment})
    >>> full_key("batch_size", 0, cfg), full_key("share", 2, cfg), full_key("lr", 1, cfg)
    ('loader.batch_size', 'augment.a.share', None)
    """
    plain = list(value) if isinstance(value, tuple) else value
    found = [
        (path, there)
        for path, there in leaves(OmegaConf.to_container(cfg))
        if path.rpartition(".")[2] == key
    ]
    same = [path for path, there in found if there == plain] or [path for path, _ in found]
    return same[0] if len(same) == 1 else None


def in_settings(error: Exception, cfg: DictConfig) -> Exception:
    """Return an error whose message names the setting rather than the argument of the library."""
    if not isinstance(error, InputError) or not error.key:
        return error
    head, message = f"{error.key}=", str(error)
    where = as_typed(full_key(error.key, error.value, cfg) or "") or None
    if where is None or where == error.key or not message.startswith(head):
        return error
    made = InputError(f"{where}={message[len(head) :]}", where, error.value)
    made.__cause__ = error
    return made


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield full key and value of every setting below a node of plain values.

    Examples
    --------
    >>> list(leaves({"a": {"b": 1, "_target_": "c"}}))
    [('a.b', 1)]
    """
    for key, value in node.items() if isinstance(node, dict) else ():
        where = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            yield from leaves(value, where)
        elif not str(key).startswith("_"):
            yield where, value
