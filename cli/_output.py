"""Files that verbs leave: strict JSON, and the configuration that a run can be repeated from."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop.files import replacing

CONFIG, OVERRIDES = "config.yaml", "overrides.yaml"


def first_process() -> bool:
    """Return whether this process speaks for the run; those that Lightning starts for other
    devices do not.
    """
    return not any(
        os.environ.get(name, "0") != "0"
        for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    )


def write_json(path: Path | str, content: Mapping[str, Any]) -> None:
    """Write strict JSON atomically.

    NaN and infinities become null (JSON has no word for them); numpy and torch scalars and arrays
    become plain numbers and lists; paths become text.

    Raises
    ------
    TypeError
        If a value is none of these.
    """
    write_text(
        path, json.dumps(_plain(content), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    )


def write_text(path: Path | str, text: str) -> None:
    """Write a text file through a temporary one, so that a reader sees the old file or the new one.

    Only the first process of a run writes.
    """
    if not first_process():
        return
    with replacing(Path(path)) as part:
        part.write_text(text, encoding="utf-8")


def save_config(folder: Path | str, cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Write ``config.yaml`` (all values, references filled in) and ``overrides.yaml`` (what
    ``resume=`` replays).

    Parameters
    ----------
    folder
        The run folder.
    cfg
        The composed configuration.
    overrides
        The job's overrides, as :func:`neurop.cli._hydra.overrides` returns them.
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
