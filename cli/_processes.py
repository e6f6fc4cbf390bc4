"""Training of a model by ``neurop train`` in a process of its own.

Its peak memory is then that of this model, and its failure is no other's. It takes the overrides of
the comparison, and its data from the cache on the disk.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from omegaconf import DictConfig

from ._hydra import composed, overrides, own_folders
from ._runs import quoted

# Settings of the comparison that are not those of a training, or that it sets itself.
OWN = (
    "models",
    "budget",
    "seeds",
    "ckpt",
    "steps",
    "batch_size",
    "device",
    "name",
    "model",
    "seed",
)


def check_training(cfg: DictConfig, name: str) -> None:
    """Raise InputError if ``neurop train`` would refuse the settings for this model."""
    composed("train", _words(cfg, name, 0))


def train(cfg: DictConfig, name: str, seed: int, folder: Path) -> str | None:
    """Train a model into a run folder; return why it failed, in one line, or None.

    What the process prints is in ``<folder>.log``.
    """
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    words = [*_words(cfg, name, seed), f"hydra.run.dir={quoted(str(folder))}"]
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
    """Return the overrides of a training: those of the comparison that are not its own."""
    kept = [
        word
        for word in overrides()
        if (key := word.lstrip("+~").split("=", 1)[0]) not in OWN and not key.startswith("hydra")
    ]
    return [*kept, f"model={name}", f"seed={seed}", f"budget={cfg.budget}"]


def _reason(status: int, log: Path) -> str:
    if status < 0:
        return f"ended by {signal.Signals(-status).name}; see {log}"
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("neurop train: ")]
    if ours or status == 130:
        return ours[-1].removeprefix("neurop train: ") if ours else "interrupted"
    return f"{lines[-1] if lines else 'no message'}; see {log}"
