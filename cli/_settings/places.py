"""Files of the data in the record of a run: absolute, so that it is of use in any folder."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from .._runs import quoted
from .change import as_typed
from .keys import leaves

# Settings of data sets that name files, by their last keys.
PLACES = ("path", "storage.test", "storage.folder")


def places(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a data set that name files, by full key, with absolute paths.

    Examples
    --------
    >>> places({"path": ["/a/u.npy", "/a/v*.h5"], "test": ["2026-02-01"], "step": 0.1})
    {'path': ['/a/u.npy', '/a/v*.h5']}
    """
    return {
        key: [_absolute(item) for item in value] if isinstance(value, list) else _absolute(value)
        for key, value in leaves(dict(data))
        if any(f".{key}".endswith(f".{name}") for name in PLACES)
        and (isinstance(value, str) or (isinstance(value, list) and value))
    }


def _absolute(path: str) -> str:
    """Return an absolute path or pattern; that of an archive in the network stays as it is."""
    path = os.path.expanduser(str(path))
    if "://" in path or os.path.isabs(path):
        return path
    pattern = glob.has_magic(path) and not os.path.exists(path)
    here = os.getcwd()
    return os.path.normpath(os.path.join(glob.escape(here) if pattern else here, path))


def absolute(data: DictConfig) -> dict[str, Any]:
    """Return the settings of a data set as plain values, with absolute paths."""
    made = OmegaConf.create(OmegaConf.to_container(data, resolve=True))
    for key, value in places(OmegaConf.to_container(made)).items():  # type: ignore[arg-type]
        OmegaConf.update(made, key, value)
    return OmegaConf.to_container(made)  # type: ignore[return-value]


def with_places(cfg: DictConfig, words: Iterable[str]) -> tuple[DictConfig, list[str]]:
    """Return configuration and overrides of a run, with absolute paths of data and surrogate."""
    made = cast(DictConfig, OmegaConf.create(OmegaConf.to_container(cfg, resolve=True)))
    made.data = absolute(made.data)
    found = {f"data.{k}": v for k, v in places(OmegaConf.to_container(made.data)).items()}  # type: ignore[arg-type]
    if "ckpt" in made:
        found["ckpt"] = made.ckpt = absolute_checkpoint(str(made.ckpt))
    typed = map(as_typed, words)
    kept = [word for word in typed if word.split("=", 1)[0].lstrip("+~") not in found]
    return made, [*kept, *(f"{key}={_word(value)}" for key, value in found.items())]


def absolute_checkpoint(ckpt: str) -> str:
    """Return the surrogate that ``ckpt=`` names as an absolute path; one on the hub stays."""
    return ckpt if ckpt.startswith("hf://") else _absolute(ckpt)


def _word(value: str | list[str]) -> str:
    if isinstance(value, list):
        return f"[{','.join(quoted(item) for item in value)}]"
    return quoted(value)
