"""Output files of the verbs: strict JSON, and the configuration of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop.files import replacing

from ._process_group import first_process

CONFIG, OVERRIDES = "config.yaml", "overrides.yaml"


def write_json(path: Path | str, content: Mapping[str, Any]) -> None:
    """Write strict JSON atomically.

    NaN and infinities, which JSON does not have, become null; NumPy and torch scalars and arrays
    become numbers and lists; paths become strings.

    Raises
    ------
    TypeError
        If a value has another type.
    """
    write_text(
        path, json.dumps(_plain(content), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    )


def write_text(path: Path | str, text: str) -> None:
    """Write a text file atomically, in the first process of a run only."""
    if not first_process():
        return
    with replacing(Path(path)) as part:
        part.write_text(text, encoding="utf-8")


def save_config(folder: Path | str, cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Write ``config.yaml``, all values, and ``overrides.yaml``, from which ``resume=`` continues.

    Parameters
    ----------
    folder
        Run folder.
    cfg
        Composed configuration; its references are resolved.
    overrides
        Overrides of the job, from :func:`neurop.cli._hydra.overrides`.
    """
    kept = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True))
    if "resume" in kept:
        kept.resume = None
    write_text(Path(folder) / CONFIG, OmegaConf.to_yaml(kept))
    write_text(
        Path(folder) / OVERRIDES,
        OmegaConf.to_yaml(OmegaConf.create([o for o in overrides if not o.startswith("resume=")])),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError(f"{type(value).__name__} has no place in JSON: {value!r}")
