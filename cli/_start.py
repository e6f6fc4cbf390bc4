"""The start of a training: what it prints and writes before the first step."""

from __future__ import annotations

import math
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig

from neurop.training.online import OnlineLoader

from ._hydra import overrides
from ._interrupt import Progress
from ._output import save_config, write_json
from ._process_group import first_process
from ._say import say
from ._settings.places import with_places
from ._settings.sized import cautions


class Start(Callback):
    """Print the settings and write the configuration before the first step, after all checks."""

    def __init__(self, cfg: DictConfig, folder: Path, title: str, lines: list[str]) -> None:
        self.cfg, self.folder, self.title, self.lines = cfg, folder, title, lines
        self.report: dict[str, Any] = {}
        self.values = math.inf
        self.progress = Progress("refine" if "ckpt" in cfg else "train")

    def setup(self, trainer: lightning.Trainer, *_: Any, **__: Any) -> None:
        self.progress.trainer = trainer
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        made = " per epoch, generated while training runs" * isinstance(data, OnlineLoader)
        if first_process():
            examples = len(data.examples["train"])
            say(
                *self.lines,
                f"{self.title}: {examples} training examples{made}",
                sep="\n",
                flush=True,
            )
        if self.cfg.budget is not None:
            self.cfg.trainer.max_steps = trainer.max_steps  # with which a resumed run goes on
        save_config(self.folder, *with_places(self.cfg, overrides()))
        write_json(self.folder / "versions.json", _versions())

    def on_train_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        steps = pl_module.steps()
        parameters = pl_module.surrogate.parameters_count()
        if first_process():
            for line in cautions(steps, parameters, self.values):
                say(f"warning: {line}", file=sys.stderr, flush=True)

    def on_fit_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]
        self.report = data.report() if isinstance(data, OnlineLoader) else {}


def _versions() -> dict[str, Any]:
    packages = ("neurop", "torch", "lightning", "hydra-core", "numpy", "xarray", "h5py")
    return {
        "python": platform.python_version(),
        **{p: version(p) for p in packages},
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "cuda": torch.version.cuda,
    }
