"""Training of a model by ``neurop train`` in a process of its own.

Its peak memory is then that of this model, and its failure is no other's. It takes overrides, in a
comparison those of the comparison, and its data from the cache on the disk.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ._hydra import composed, overrides, own_folders
from ._runs import quoted

# Settings of the comparison that are not those of a training, or that it sets itself.
OWN = (
    "models",
    "budget",
    "seeds",
    "settings",
    "ckpt",
    "steps",
    "batch_size",
    "device",
    "name",
    "model",
    "seed",
)


def check_training(cfg: DictConfig, name: str) -> DictConfig:
    """Return the settings of the training of a model.

    Raises
    ------
    InputError
        If ``neurop train`` would refuse them.
    """
    return composed("train", _words(cfg, name, 0))


def train(cfg: DictConfig, name: str, seed: int, folder: Path) -> str | None:
    """Train a model of a comparison into a run folder, as :func:`run_training`."""
    return run_training(_words(cfg, name, seed), folder)


def run_training(overrides: Sequence[str], folder: Path) -> str | None:
    """Train into a run folder; return why it failed, in one line, or None.

    What the process prints is in ``<folder>.log``.
    """
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    words = [*overrides, f"hydra.run.dir={quoted(str(folder))}"]
    flags = [word for place in own_folders() for word in ("--config-dir", place)]
    log = folder.with_name(f"{folder.name}.log")
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "neurop", "train", *flags, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": paths},
        )
        try:
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    return _reason(status, log) if status else None


def _words(cfg: DictConfig, name: str, seed: int) -> list[str]:
    """Return the overrides of a training: those of the comparison that are not its own, and those
    of this model alone.
    """
    kept = [
        word
        for word in overrides()
        if (key := _key(word)) not in OWN and not key.startswith(("hydra", "settings."))
    ]
    own = list(_flat((cfg.settings or {}).get(name) or {}))
    replaced = {_key(word) for word in own}
    kept = [word for word in kept if _key(word) not in replaced]
    return [*kept, *own, f"model={name}", f"seed={seed}", f"budget={cfg.budget}"]


def _key(word: str) -> str:
    return word.lstrip("+~").split("=", 1)[0]


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the overrides of nested settings, such as ``optimizer.lr=0.001``."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            text = quoted(value) if isinstance(value, str) else json.dumps(value, default=list)
            yield f"{above}{key}={text}"


def _reason(status: int, log: Path) -> str:
    if status < 0:
        return f"ended by {signal.Signals(-status).name}; see {log}"
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("neurop train: ")]
    if ours or status == 130:
        return ours[-1].removeprefix("neurop train: ") if ours else "interrupted"
    return f"{lines[-1] if lines else 'no message'}; see {log}"
