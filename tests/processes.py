"""Trainings on one process or on several, as a script that a launcher starts once per process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from small import evolution

from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid
from neurop.models import REGISTRY
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.surrogate import Surrogate
from neurop.training.callbacks.ema import ExponentialAverage
from neurop.training.fit import fit
from neurop.training.loader import Loader
from neurop.training.quiet import quiet

FNO = Spec("fno", {"modes": 4, "width": 4, "depth": 2})
TINY: dict[str, dict[str, Any]] = {
    "boosted": {"base": FNO, "stage": FNO},
    "denoised": {"base": FNO, "stage": FNO},
    "unet": {"width": 4, "levels": 1},
    "cnextunet": {"width": 4, "levels": 1, "depth": 1},
    "converted": {"network": Spec("unet", {"width": 4, "levels": 1})},
    "mono": {"expert": FNO, "experts": 2},
    "patched": {"network": FNO},
    "t1_plus": {"modes": 4, "width": 4, "levels": 1, "channels": 4},
    "thermalized": {"base": FNO, "stage": FNO},
}
SPHERE = {"sfno": Grid.latlon()}
EPOCHS, BATCH = 2, 8


class Logged(lightning.Callback):
    """Keeps what is logged in each step and each epoch."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        self.rows.append({"train/loss": float(trainer.callback_metrics["train/loss"])})

    def on_train_epoch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        self.rows.append({k: float(v) for k, v in trainer.callback_metrics.items()})


def splits(grid: Grid | None = None) -> dict[str, FieldSet]:
    """Return 40 examples for training and 5, an odd number, for validation."""
    how: dict[str, Any] = {"shape": (16, 16), "grid": grid}
    return {"train": evolution(samples=8, **how), "val": evolution(samples=1, seed=5, **how)}


def trained(name: str, processes: int, **more: Any) -> dict[str, Any]:
    """Return the weights after ten steps, and what was logged; `BATCH` examples per step."""
    quiet()
    torch.manual_seed(0)
    data = more.pop("splits", None) or splits(SPHERE.get(name))
    arguments = TINY.get(name, {"modes": 4, "width": 4, "depth": 2})
    surrogate = Surrogate.of(data["train"], Spec(name, arguments), more.pop("problem", None))
    logged = Logged()
    trainer = partial(
        lightning.Trainer,
        max_epochs=EPOCHS,
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        gradient_clip_val=1.0,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **more.pop("trainer", {}),
    )
    surrogate = fit(
        surrogate,
        data,
        loader=partial(Loader, batch_size=BATCH // processes),
        trainer=trainer,
        callbacks=[logged, *more.pop("callbacks", [])],
        **more,
    )
    return {"weights": surrogate.state_dict(), "logged": logged.rows}


def more_cases(name: str, processes: int) -> dict[str, Any]:
    """Return a training of a model, or of the FNO with one more setting."""
    if name == "accumulated":
        return trained("fno", processes, trainer={"accumulate_grad_batches": 2})
    if name == "averaged":
        return trained("fno", processes, callbacks=[ExponentialAverage(0.9)])
    if name == "unrolled":
        return trained("fno", processes, problem=Evolution(1, 2))
    if name == "several grids":
        other = {"train_8": evolution((8, 8), samples=4, seed=2)}
        return trained("fno", processes, splits=splits() | other)
    return trained(name, processes)


CASES = (*REGISTRY.names(), "accumulated", "averaged", "unrolled", "several grids")


def together(words: Sequence[str], folder: Path, count: int = 2) -> list[subprocess.Popen[str]]:
    """Start a command once per process, as a launcher does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parent), *sys.path]
    common = {
        "PYTHONPATH": os.pathsep.join(paths),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "TORCHELASTIC_RUN_ID": "test",
        "GROUP_RANK": "0",
    }
    return [
        subprocess.Popen(
            [sys.executable, "-P", *words],
            cwd=folder,
            env=os.environ | common | {"RANK": str(i), "LOCAL_RANK": str(i)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]


if __name__ == "__main__":
    names = sys.argv[1:] or CASES
    results = {name: more_cases(name, int(os.environ["WORLD_SIZE"])) for name in names}
    torch.save(results, f"{os.environ['RANK']}.pt")
